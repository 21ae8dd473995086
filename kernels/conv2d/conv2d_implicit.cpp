// Convolution as a matmul whose patch matrix is never stored: its rows are copied from the image straight into the panels of
// kernels/gemm, in runs of the channels of one pixel, which are neighbours in memory. Limited by the matmul.
#include "kernels/conv2d/conv2d.h"
#include "kernels/gemm/gemm.h"

namespace ito::kernels {

namespace {

// The patch matrix of one group: row = pixel (n, i, j) of the result, column = (u, v, c). Element: image[n, row(i,u), column(j,v), c] or 0.
template <class T, bool transposed>
struct Patches {
  const T* image;  // (batch, height, width, channels), already moved to the group's first channel
  int64_t height, width, channels, group_channels;
  int64_t result_height, result_width, kernel_height, kernel_width, stride, padding;

  // Where tap u of result position i lies in the image, -1 if nowhere.
  static int64_t source(int64_t i, int64_t u, int64_t stride, int64_t padding, int64_t extent) {
    if constexpr (transposed) {
      const int64_t a = i + padding - u;
      if (stride == 1) return a >= 0 && a < extent ? a : -1;
      return a >= 0 && a % stride == 0 && a / stride < extent ? a / stride : -1;
    } else {
      const int64_t a = i * stride - padding + u;
      return a >= 0 && a < extent ? a : -1;
    }
  }

  // Columns [k0, k0 + k) of one row, in runs of one pixel's channels.
  template <class A>
  void copy_row(int64_t row, int64_t k0, int64_t k, A* out) const {
    const int64_t j = row % result_width, i = row / result_width % result_height, n = row / (result_width * result_height);
    const int64_t tap = k0 / group_channels;
    int64_t c = k0 % group_channels, u = tap / kernel_width, v = tap % kernel_width;
    int64_t a = source(i, u, stride, padding, height);
    for (int64_t done = 0; done < k; c = 0) {
      const int64_t run = std::min(group_channels - c, k - done), b = source(j, v, stride, padding, width);
      if (a < 0 || b < 0)
        std::fill_n(out + done, run, A(0));
      else
        convert(image + ((n * height + a) * width + b) * channels + c, run, out + done);
      if (++v == kernel_width) v = 0, a = source(i, ++u, stride, padding, height);
      done += run;
    }
  }
};

template <class T>
Patches<T, false> patches_of_x(const T* x, int64_t group, const Conv2dShape& s) {
  const int64_t cin = s.in_channels / s.groups;
  return {x + group * cin, s.height, s.width, s.in_channels, cin, s.out_height, s.out_width, s.kernel_height, s.kernel_width, s.stride, s.padding};
}

template <class T>
Patches<T, true> patches_of_dy(const T* dy, int64_t group, const Conv2dShape& s) {
  const int64_t cout = s.out_channels / s.groups;
  return {dy + group * cout, s.out_height,    s.out_width,    s.out_channels, cout,     s.height,
          s.width,           s.kernel_height, s.kernel_width, s.stride,       s.padding};
}

template <class G, class Rows>
auto row_panels(const Rows& patches) {
  return [&patches](int64_t row, int64_t rows, int64_t k0, int64_t k, auto* out) {
    for (int64_t i = 0; i < rows; ++i) patches.copy_row(row + i, k0, k, out + i * G::a_stride);
  };
}

template <class T>
void forward_implicit(const T* x, const T* w, const T* bias, T* y, const Conv2dShape& s) {
  using A = accumulate_t<T>;
  using G = Gemm<A>;
  const int64_t cin = s.in_channels / s.groups, cout = s.out_channels / s.groups, taps = s.kernel_height * s.kernel_width * cin;
  for (int64_t g = 0; g < s.groups; ++g) {
    const auto patches = patches_of_x(x, g, s);
    const auto weights = [&](int64_t col, int64_t cols, int64_t k0, int64_t k, A* out) {
      G::turn(w + (g * cout + col) * taps + k0, taps, cols, k, k, out, G::nr, G::nr);
    };
    G::run(s.batch * s.out_height * s.out_width, cout, taps, row_panels<G>(patches), weights, y + g * cout, s.out_channels,
           bias ? bias + g * cout : nullptr);
  }
}

template <class T>
void data_gradient_implicit(const T* dy, const T* w, const T* bias, T* dx, const Conv2dShape& s) {
  using A = accumulate_t<T>;
  using G = Gemm<A>;
  const int64_t cin = s.in_channels / s.groups, cout = s.out_channels / s.groups, window = s.kernel_height * s.kernel_width;
  for (int64_t g = 0; g < s.groups; ++g) {
    const auto patches = patches_of_dy(dy, g, s);
    const auto weights = [&](int64_t col, int64_t cols, int64_t k0, int64_t k, A* out) {
      for (int64_t p = 0; p < k; ++p) {
        const int64_t tap = (k0 + p) / cout, o = (k0 + p) % cout;
        G::template cut<G::nr>(w + ((g * cout + o) * window + tap) * cin + col, 0, cols, 1, out + p * G::nr, k * G::nr);
      }
    };
    G::run(s.batch * s.height * s.width, cin, window * cout, row_panels<G>(patches), weights, dx + g * cin, s.in_channels,
           bias ? bias + g * cin : nullptr);
  }
}

template <class T>
void weight_gradient_implicit(const T* dy, const T* x, T* dw, const Conv2dShape& s) {
  using A = accumulate_t<T>;
  using G = Gemm<A>;
  const int64_t cin = s.in_channels / s.groups, cout = s.out_channels / s.groups, taps = s.kernel_height * s.kernel_width * cin;
  const int64_t pixels = s.batch * s.out_height * s.out_width;
  for (int64_t g = 0; g < s.groups; ++g) {
    const auto patches = patches_of_x(x, g, s);
    const auto gradients = [&](int64_t k0, int64_t k, A* out) {
      G::template cut<G::mr>(dy + k0 * s.out_channels + g * cout, s.out_channels, cout, k, out, G::mr * G::a_stride);
    };
    const auto columns = [&](int64_t col, int64_t cols, int64_t k0, int64_t k, A* out) {
      A row[G::b_group];
      for (int64_t p = 0; p < k; ++p) {
        patches.copy_row(k0 + p, col, cols, row);
        G::template cut<G::nr>(row, 0, cols, 1, out + p * G::nr, k * G::nr);
      }
    };
    G::run_split_k(cout, taps, pixels, gradients, columns, dw + g * cout * taps);
  }
}

}  // namespace

ITO_REGISTER_KERNEL(Conv2dForward, Device::cpu, "implicit", forward_implicit, float, double, bfloat16);
ITO_REGISTER_KERNEL(Conv2dDataGradient, Device::cpu, "implicit", data_gradient_implicit, float, double, bfloat16);
ITO_REGISTER_KERNEL(Conv2dWeightGradient, Device::cpu, "implicit", weight_gradient_implicit, float, double, bfloat16);

}  // namespace ito::kernels
