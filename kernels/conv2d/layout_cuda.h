// Convolutions as products of matrices that are never stored: layouts for the tile loops (kernels/gemm/layout_cuda.h), z a group of channels.
//
//                     C                  A                              B                     k
//   forward           y (pixel, o)       patches of x (pixel, tap)      w (o, tap)            taps (u, v, c)
//   weight gradient   dw (o, tap)        dy (o, pixel)                  patches of x          pixels (n, i, j)
//   data gradient     dx (pixel, c)      patches of dy (pixel, tap)     w by tap (c, tap)     taps (u, v, o)
//
// With stride s, a pixel (a, b) of dx meets only the taps u = (a + p) mod s, + s, + 2s, ... (v likewise). So the data gradient is s*s dense products,
// one for each residue of (a, b), with no zeros in between: z is then (group, residue of a, residue of b). With u0 = (r + p) mod s for residue r,
//   dx[r + s a'] = sum_t dy[(r + p - u0)/s + a' - t] w[u0 + s t]
// along either axis.
#pragma once

#include "kernels/conv2d/conv2d.h"
#include "kernels/cuda/fast_divide.h"
#include "kernels/gemm/layout_cuda.h"

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

// x as patches: a row for each pixel of y, a column for each tap.
template <class T>
struct Patches {
  int height, width, channels, group_channels, stride, padding, pixels, taps, kernel_width, out_height, out_width;
  FastDivide by_out_width, by_out_height, by_channels, by_kernel_width;

  explicit Patches(const Conv2dShape& s)
      : height(int(s.height)),
        width(int(s.width)),
        channels(int(s.in_channels)),
        group_channels(int(s.in_channels / s.groups)),
        stride(int(s.stride)),
        padding(int(s.padding)),
        pixels(int(s.batch * s.out_height * s.out_width)),
        taps(int(s.kernel_height * s.kernel_width) * group_channels),
        kernel_width(int(s.kernel_width)),
        out_height(int(s.out_height)),
        out_width(int(s.out_width)),
        by_out_width(out_width),
        by_out_height(out_height),
        by_channels(group_channels),
        by_kernel_width(kernel_width) {}

  __device__ const T* address(const T* x, int group, int pixel, int tap) const {
    if (pixel >= pixels || tap >= taps) return nullptr;
    const int line = by_out_width(pixel), image = by_out_height(line), window = by_channels(tap), u = by_kernel_width(window);
    const int a = (line - image * out_height) * stride - padding + u;
    const int b = (pixel - line * out_width) * stride - padding + window - u * kernel_width;
    if (a < 0 || a >= height || b < 0 || b >= width) return nullptr;
    return x + ((int64_t(image) * height + a) * width + b) * channels + group * group_channels + tap - window * group_channels;
  }
  bool packable(const T* x, int count) const { return group_channels % count == 0 && aligned_to(x, size_t(count) * sizeof(T)); }
};

template <class T>
struct ForwardPatches : Patches<T> {
  static constexpr bool along_k = true;
  using Patches<T>::Patches;
  __device__ int depth(int) const { return this->taps; }
};

template <class T>
struct WeightGradientPatches : Patches<T> {
  static constexpr bool along_k = false;
  using Patches<T>::Patches;
  __device__ const T* address(const T* x, int group, int tap, int pixel) const { return Patches<T>::address(x, group, pixel, tap); }
};

// The residues of dx's pixels, with the pixels and taps that belong to each. All are given as many pixels as the first has; some are not there.
struct Residues {
  int stride, padding, kernel_height, kernel_width, rows, cols, most_taps;
  FastDivide by_stride, by_residues, by_rows, by_cols, by_most_taps, by_fewest_taps;

  explicit Residues(const Conv2dShape& s)
      : stride(int(s.stride)),
        padding(int(s.padding)),
        kernel_height(int(s.kernel_height)),
        kernel_width(int(s.kernel_width)),
        rows(int((s.height + s.stride - 1) / s.stride)),
        cols(int((s.width + s.stride - 1) / s.stride)),
        most_taps(int((s.kernel_width + s.stride - 1) / s.stride)),
        by_stride(s.stride),
        by_residues(s.stride * s.stride),
        by_rows(rows),
        by_cols(cols),
        by_most_taps(most_taps),
        by_fewest_taps(s.kernel_width / s.stride) {}

  struct Residue {
    int group, a, b, u0, v0, taps_u, taps_v;
  };
  __device__ Residue of(int z) const {
    Residue r;
    r.group = by_residues(z);
    const int both = z - r.group * stride * stride;
    r.a = by_stride(both);
    r.b = both - r.a * stride;
    r.u0 = r.a + padding - by_stride(r.a + padding) * stride;
    r.v0 = r.b + padding - by_stride(r.b + padding) * stride;
    r.taps_u = r.u0 < kernel_height ? by_stride(kernel_height - 1 - r.u0) + 1 : 0;
    r.taps_v = r.v0 < kernel_width ? by_stride(kernel_width - 1 - r.v0) + 1 : 0;
    return r;
  }

  // window = t_u taps_v + t_v; a residue has one of two numbers of taps.
  struct Tap {
    int u, v;
    __device__ Tap(const Residues& all, const Residue& r, int window) {
      u = r.taps_v == all.most_taps ? all.by_most_taps(window) : all.by_fewest_taps(window);
      v = window - u * r.taps_v;
    }
  };

  // index = (image rows + a') cols + b'.
  struct Pixel {
    int image, a, b;
    __device__ Pixel(const Residues& all, int index) {
      const int line = all.by_cols(index);
      image = all.by_rows(line);
      a = line - image * all.rows;
      b = index - line * all.cols;
    }
  };
};

template <class T>
struct DataGradientPatches {
  static constexpr bool along_k = true;
  Residues residues;
  int pixels, out_height, out_width, out_channels, group_channels;
  FastDivide by_channels;

  explicit DataGradientPatches(const Conv2dShape& s)
      : residues(s),
        pixels(int(s.batch * residues.rows * residues.cols)),
        out_height(int(s.out_height)),
        out_width(int(s.out_width)),
        out_channels(int(s.out_channels)),
        group_channels(int(s.out_channels / s.groups)),
        by_channels(group_channels) {}

  __device__ int depth(int z) const {
    const auto r = residues.of(z);
    return r.taps_u * r.taps_v * group_channels;
  }
  __device__ const T* address(const T* dy, int z, int pixel, int k) const {
    const auto r = residues.of(z);
    if (pixel >= pixels || k >= r.taps_u * r.taps_v * group_channels) return nullptr;
    const int window = by_channels(k);
    const Residues::Tap t(residues, r, window);
    const Residues::Pixel at(residues, pixel);
    const int i = residues.by_stride(r.a + residues.padding) + at.a - t.u, j = residues.by_stride(r.b + residues.padding) + at.b - t.v;
    if (i < 0 || i >= out_height || j < 0 || j >= out_width) return nullptr;
    return dy + ((int64_t(at.image) * out_height + i) * out_width + j) * out_channels + r.group * group_channels + k - window * group_channels;
  }
  bool packable(const T* dy, int count) const { return group_channels % count == 0 && aligned_to(dy, size_t(count) * sizeof(T)); }
};

template <class T>
struct WeightsByTap {
  static constexpr bool along_k = false;
  Residues residues;
  int in_channels, out_channels;  // of a group
  FastDivide by_channels;

  explicit WeightsByTap(const Conv2dShape& s)
      : residues(s), in_channels(int(s.in_channels / s.groups)), out_channels(int(s.out_channels / s.groups)), by_channels(out_channels) {}

  __device__ const T* address(const T* w, int z, int c, int k) const {
    const auto r = residues.of(z);
    if (c >= in_channels || k >= r.taps_u * r.taps_v * out_channels) return nullptr;
    const int window = by_channels(k), o = r.group * out_channels + k - window * out_channels;
    const Residues::Tap t(residues, r, window);
    const int u = r.u0 + residues.stride * t.u, v = r.v0 + residues.stride * t.v;
    return w + ((int64_t(o) * residues.kernel_height + u) * residues.kernel_width + v) * in_channels + c;
  }
  bool packable(const T* w, int count) const { return in_channels % count == 0 && aligned_to(w, size_t(count) * sizeof(T)); }
};

template <class T>
struct DataGradientResult {
  Residues residues;
  int height, width, channels, group_channels;

  explicit DataGradientResult(const Conv2dShape& s)
      : residues(s), height(int(s.height)), width(int(s.width)), channels(int(s.in_channels)), group_channels(int(s.in_channels / s.groups)) {}

  __device__ T* row(T* dx, int z, int pixel) const {
    const auto r = residues.of(z);
    const Residues::Pixel at(residues, pixel);
    const int a = r.a + residues.stride * at.a, b = r.b + residues.stride * at.b;
    return a < height && b < width ? dx + ((int64_t(at.image) * height + a) * width + b) * channels + r.group * group_channels : nullptr;
  }
  __device__ int bias(int z) const { return residues.by_residues(z) * group_channels; }
  bool packable(const T* dx, int count) const { return group_channels % count == 0 && aligned_to(dx, size_t(count) * sizeof(T)); }
};

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
