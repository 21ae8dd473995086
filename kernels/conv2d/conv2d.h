// 2-D cross-correlation, channels last. Dumoulin & Visin 2016. With stride s, padding p and g groups (of Cin/g and Cout/g channels):
//   forward          y[n,i,j,o]  = bias[o] + sum_{u,v,c} x[n, i s - p + u, j s - p + v, c] w[o,u,v,c]      c over the group of o
//   data gradient    dx[n,a,b,c] = sum_{u,v,o} dy[n, (a + p - u)/s, (b + p - v)/s, o] w[o,u,v,c]           where s divides
//   weight gradient  dw[o,u,v,c] = sum_{n,i,j} dy[n,i,j,o] x[n, i s - p + u, j s - p + v, c]
// x (N, H, W, Cin), w (Cout, kh, kw, Cin/g), y (N, Ho, Wo, Cout); outside the image x is 0. The result is overwritten.
// A transposed convolution is the data gradient, with a bias (of Cin) of its own.
#pragma once

#include "kernels/registry.h"
#include "kernels/work.h"

namespace ito::kernels {

struct Conv2dShape {
  int64_t batch = 0, height = 0, width = 0, in_channels = 0;  // of x
  int64_t out_height = 0, out_width = 0, out_channels = 0;    // of y
  int64_t kernel_height = 0, kernel_width = 0;
  int64_t stride = 1, padding = 0, groups = 1;
};

template <class T>
using Conv2dForward = Kernel<"conv2d_forward", T, void(const T* x, const T* w, const T* bias, T* y, const Conv2dShape& s)>;
template <class T>
using Conv2dDataGradient = Kernel<"conv2d_data_gradient", T, void(const T* dy, const T* w, const T* bias, T* dx, const Conv2dShape& s)>;
template <class T>
using Conv2dWeightGradient = Kernel<"conv2d_weight_gradient", T, void(const T* dy, const T* x, T* dw, const Conv2dShape& s)>;

// Of any of the three.
constexpr Work conv2d_work(const Conv2dShape& s, int64_t size) {
  const int64_t out = s.batch * s.out_height * s.out_width * s.out_channels, taps = s.kernel_height * s.kernel_width * (s.in_channels / s.groups);
  return {.flops = 2.0 * double(out) * double(taps),
          .bytes = double((s.batch * s.height * s.width * s.in_channels + out + s.out_channels * taps) * size)};
}

}  // namespace ito::kernels
