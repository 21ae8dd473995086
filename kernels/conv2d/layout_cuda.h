// Convolutions as products of matrices that are never stored: layouts for the tile loops (kernels/gemm/layout_cuda.h), z a group of channels.
//
//                     C                  A                              B                     k
//   forward           y (pixel, o)       patches of x (pixel, tap)      w (o, tap)            taps (u, v, c)
//   weight gradient   dw (o, tap)        dy (o, pixel)                  patches of x          pixels (n, i, j)
//   data gradient     dx (pixel, c)      patches of dy (pixel, tap)     w by tap (c, tap)     taps (u, v, o)
//
// With stride s, a pixel (a, b) of dx meets only the taps u = u0, u0 + s, u0 + 2s, ... with u0 = (a + p) mod s, and v likewise. So the data gradient
// is s*s dense products, one for each residue r of (a, b), with no zeros in between:
//   dx[r + s a'] = sum_t dy[(r + p - u0)/s + a' - t] w[u0 + s t]     along either axis
#pragma once

#include "kernels/conv2d/conv2d.h"
#include "kernels/cuda/fast_divide.h"
#include "kernels/gemm/layout_cuda.h"

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

// One axis of an image whose patches are taken: tap t of result position i lies at  i step + t tap_step + offset.
struct PatchAxis {
  int extent, results, taps, step, tap_step, offset;

  static PatchAxis of_x(int64_t extent, int64_t results, int64_t taps, const Conv2dShape& s) {
    return {int(extent), int(results), int(taps), int(s.stride), 1, -int(s.padding)};
  }
};

// The pixels r, r + s, r + 2s, ... of one axis of dx: where they are in dy, and which taps they meet.
struct Residue {
  int first, pixels, first_tap, taps, shift;
  Residue(int64_t r, int64_t extent, int64_t kernel, const Conv2dShape& s)
      : first(int(r)),
        pixels(int((extent - r + s.stride - 1) / s.stride)),
        first_tap(int((r + s.padding) % s.stride)),
        taps(int(std::max<int64_t>(0, (kernel - first_tap + s.stride - 1) / s.stride))),
        shift(int((r + s.padding) / s.stride)) {}
  PatchAxis of_dy(int64_t extent) const { return {int(extent), pixels, taps, 1, -1, shift}; }
};

// The patches of an image (batch, height, width, channels): a row for each pixel of the result, a column for each (tap, channel of the group).
template <class T, bool taps_are_k>
struct Patches {
  static constexpr bool along_k = taps_are_k;
  PatchAxis a, b;
  int channels, group_channels, pixels, columns;
  FastDivide by_results_a, by_results_b, by_channels, by_taps_b;

  Patches(const PatchAxis& along_height, const PatchAxis& along_width, int64_t batch, int64_t all_channels, int64_t groups)
      : a(along_height),
        b(along_width),
        channels(int(all_channels)),
        group_channels(int(all_channels / groups)),
        pixels(int(batch * a.results * b.results)),
        columns(a.taps * b.taps * group_channels),
        by_results_a(a.results),
        by_results_b(b.results),
        by_channels(group_channels),
        by_taps_b(b.taps) {
    ITO_CHECK(batch * a.extent * b.extent < int64_t{1} << 31, batch, " images of ", a.extent, "x", b.extent,
              " have more pixels than cuda kernels take");
  }

  __device__ const T* matrix(const T* image, int group) const { return image + group * group_channels; }
  __device__ const T* address(const T* image, int outer, int k) const {
    const int pixel = taps_are_k ? outer : k, column = taps_are_k ? k : outer;
    if (taps_are_k ? pixel >= pixels : column >= columns) return nullptr;
    const int line = by_results_b(pixel), n = by_results_a(line), tap = by_channels(column), u = by_taps_b(tap);
    const int i = (line - n * a.results) * a.step + (u * a.tap_step + a.offset);
    const int j = (pixel - line * b.results) * b.step + ((tap - u * b.taps) * b.tap_step + b.offset);
    const bool inside = unsigned(i) < unsigned(a.extent) && unsigned(j) < unsigned(b.extent);
    return inside ? image + int64_t((n * a.extent + i) * b.extent + j) * channels + (column - tap * group_channels) : nullptr;
  }
  template <int width>
  __device__ Pack<T, width> neighbours(const T* image, int outer, int k, int k_end) const {
    Pack<T, width> pack;
#pragma unroll
    for (int e = 0; e < width; ++e) {  // the channels of a pixel end anywhere
      const int ke = along_k ? k + e : k;
      const T* from = ke < k_end ? address(image, along_k ? outer : outer + e, ke) : nullptr;
      pack.element[e] = from ? *from : T(0.0F);
    }
    return pack;
  }
  bool packable(const T* image, int count) const { return group_channels % count == 0 && aligned_to(image, size_t(count) * sizeof(T)); }
};

// The weights that a residue of dx meets: outer the channel of dx, k = (tap, channel of dy).
template <class T>
struct WeightsByTap {
  static constexpr bool along_k = false;
  Residue a, b;
  int kernel_height, kernel_width, stride, in_channels, out_channels;  // channels of a group
  FastDivide by_channels, by_taps_b;

  WeightsByTap(const Residue& along_height, const Residue& along_width, const Conv2dShape& s)
      : a(along_height),
        b(along_width),
        kernel_height(int(s.kernel_height)),
        kernel_width(int(s.kernel_width)),
        stride(int(s.stride)),
        in_channels(int(s.in_channels / s.groups)),
        out_channels(int(s.out_channels / s.groups)),
        by_channels(out_channels),
        by_taps_b(b.taps) {}

  __device__ const T* matrix(const T* w, int group) const { return w + int64_t(group) * out_channels * kernel_height * kernel_width * in_channels; }
  __device__ const T* address(const T* w, int c, int k) const {
    const int tap = by_channels(k), t = by_taps_b(tap), o = k - tap * out_channels;
    if (c >= in_channels) return nullptr;
    const int window = (a.first_tap + t * stride) * kernel_width + b.first_tap + (tap - t * b.taps) * stride;
    return w + (int64_t(o) * kernel_height * kernel_width + window) * in_channels + c;
  }
  template <int width>
  __device__ Pack<T, width> neighbours(const T* w, int c, int k, int k_end) const {
    const T* from = k < k_end ? address(w, c, k) : nullptr;
    return read_neighbours<width>(from, from ? in_channels - c : 0);
  }
  bool packable(const T* w, int count) const { return in_channels % count == 0 && aligned_to(w, size_t(count) * sizeof(T)); }
};

// The pixels of dx that belong to a residue.
template <class T>
struct ResidueResult {
  Residue a, b;
  int height, width, stride, channels, group_channels;
  FastDivide by_pixels_a, by_pixels_b;

  ResidueResult(const Residue& along_height, const Residue& along_width, const Conv2dShape& s)
      : a(along_height),
        b(along_width),
        height(int(s.height)),
        width(int(s.width)),
        stride(int(s.stride)),
        channels(int(s.in_channels)),
        group_channels(int(s.in_channels / s.groups)),
        by_pixels_a(a.pixels),
        by_pixels_b(b.pixels) {}

  __device__ T* row(T* dx, int group, int pixel) const {
    const int line = by_pixels_b(pixel), n = by_pixels_a(line);
    const int i = a.first + (line - n * a.pixels) * stride, j = b.first + (pixel - line * b.pixels) * stride;
    return dx + ((int64_t(n) * height + i) * width + j) * channels + group * group_channels;
  }
  __device__ int bias(int group) const { return group * group_channels; }
  bool packable(const T* dx, int count) const { return group_channels % count == 0 && aligned_to(dx, size_t(count) * sizeof(T)); }
};

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
