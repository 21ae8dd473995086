// The three convolutions as products of the layouts of layout_cuda.h, for any way to multiply:
//   multiply(shape, layout of A, layout of B, result, a, b, bias, y)
// A 1x1 convolution of stride 1 is a matmul, and goes up that ladder.
#pragma once

#include "kernels/conv2d/layout_cuda.h"
#include "kernels/matmul/matmul.h"

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

inline bool is_matmul(const Conv2dShape& s) {
  return s.kernel_height == 1 && s.kernel_width == 1 && s.stride == 1 && s.padding == 0 && s.groups == 1;
}

template <bool taps_are_k, class T>
Patches<T, taps_are_k> patches_of_x(const Conv2dShape& s) {
  return {PatchAxis::of_x(s.height, s.out_height, s.kernel_height, s), PatchAxis::of_x(s.width, s.out_width, s.kernel_width, s), s.batch,
          s.in_channels, s.groups};
}

template <class Multiply, class T>
void implicit_forward(const Multiply& multiply, const T* x, const T* w, const T* bias, T* y, const Conv2dShape& s) {
  const int64_t cin = s.in_channels / s.groups, cout = s.out_channels / s.groups, taps = s.kernel_height * s.kernel_width * cin;
  const int64_t pixels = s.batch * s.out_height * s.out_width;
  if (is_matmul(s)) return Matmul<T>::on(Device::cuda)(x, w, bias, y, {.m = pixels, .n = cout, .k = cin, .transpose_b = true});
  multiply(GemmShape(pixels, cout, taps, s.groups), patches_of_x<true, T>(s),
           MatrixLayout<T, std::true_type>({}, cout, taps, taps, cout * taps, {.count = int(s.groups)}),
           MatrixResult<T>{.row_stride = s.out_channels, .matrix_stride = cout, .bias_stride = int(cout)}, x, w, bias, y);
}

template <class Multiply, class T>
void implicit_data_gradient(const Multiply& multiply, const T* dy, const T* w, const T* bias, T* dx, const Conv2dShape& s) {
  const int64_t cin = s.in_channels / s.groups, cout = s.out_channels / s.groups;
  if (is_matmul(s)) return Matmul<T>::on(Device::cuda)(dy, w, bias, dx, {.m = s.batch * s.height * s.width, .n = cin, .k = cout});
  for (int64_t ra = 0; ra < std::min(s.stride, s.height); ++ra)
    for (int64_t rb = 0; rb < std::min(s.stride, s.width); ++rb) {
      const Residue a(ra, s.height, s.kernel_height, s), b(rb, s.width, s.kernel_width, s);
      const Patches<T, true> patches(a.of_dy(s.out_height), b.of_dy(s.out_width), s.batch, s.out_channels, s.groups);
      multiply(GemmShape(patches.pixels, cin, patches.columns, s.groups), patches, WeightsByTap<T>(a, b, s), ResidueResult<T>(a, b, s), dy, w, bias,
               dx);
    }
}

template <class Multiply, class T>
void implicit_weight_gradient(const Multiply& multiply, const T* dy, const T* x, T* dw, const Conv2dShape& s) {
  const int64_t cin = s.in_channels / s.groups, cout = s.out_channels / s.groups, taps = s.kernel_height * s.kernel_width * cin;
  const int64_t pixels = s.batch * s.out_height * s.out_width;
  const T* no_bias = nullptr;
  if (is_matmul(s)) return Matmul<T>::on(Device::cuda)(dy, x, no_bias, dw, {.m = cout, .n = cin, .k = pixels, .transpose_a = true});
  multiply(GemmShape(cout, taps, pixels, s.groups),
           MatrixLayout<T, std::false_type>({}, cout, pixels, s.out_channels, cout, {.count = int(s.groups)}), patches_of_x<false, T>(s),
           MatrixResult<T>{.row_stride = taps, .matrix_stride = cout * taps}, dy, x, no_bias, dw);
}

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
