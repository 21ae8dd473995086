// 2. implicit    the three convolutions as products of matrices that exist only tile by tile in shared memory (layout_cuda.h), multiplied by the
//                double-buffered loop of kernels/gemm/tile_cuda.h. A pixel that is loaded is multiplied with up to 128 channels, and channels of one
//                pixel come 16 bytes at a time. The long sums of the weight gradient are cut into parts. A 1x1 convolution of stride 1 is a
//                matmul, and goes its way. Limited by the multiplications; with few
//                channels a group, by tiles that are mostly empty.
#include "kernels/conv2d/layout_cuda.h"
#include "kernels/gemm/tile_cuda.h"
#include "kernels/matmul/matmul.h"

namespace ito::kernels {

namespace {

bool is_matmul(const Conv2dShape& s) { return s.kernel_height == 1 && s.kernel_width == 1 && s.stride == 1 && s.padding == 0 && s.groups == 1; }

template <class T>
void forward_implicit(const T* x, const T* w, const T* bias, T* y, const Conv2dShape& s) {
  const int64_t cin = s.in_channels / s.groups, cout = s.out_channels / s.groups, taps = s.kernel_height * s.kernel_width * cin;
  const int64_t pixels = s.batch * s.out_height * s.out_width;
  if (is_matmul(s)) return Matmul<T>::on(Device::cuda)(x, w, bias, y, {.m = pixels, .n = cout, .k = cin, .transpose_b = true});
  multiply_with_registers<2>(GemmShape(pixels, cout, taps, s.groups), ForwardPatches<T>(s),
                             MatrixLayout<T>(cout, taps, taps, 1, cout * taps, {.count = s.groups}),
                             MatrixResult<T>{.row_stride = s.out_channels, .matrix_stride = cout, .bias_stride = int(cout)}, x, w, bias, y);
}

template <class T>
void data_gradient_implicit(const T* dy, const T* w, const T* bias, T* dx, const Conv2dShape& s) {
  const int64_t cin = s.in_channels / s.groups, cout = s.out_channels / s.groups;
  if (is_matmul(s)) return Matmul<T>::on(Device::cuda)(dy, w, bias, dx, {.m = s.batch * s.height * s.width, .n = cin, .k = cout});
  const DataGradientPatches<T> patches(s);
  const int64_t most_taps_u = (s.kernel_height + s.stride - 1) / s.stride;
  multiply_with_registers<2>(GemmShape(patches.pixels, cin, most_taps_u * patches.residues.most_taps * cout, s.groups * s.stride * s.stride), patches,
                             WeightsByTap<T>(s), DataGradientResult<T>(s), dy, w, bias, dx);
}

template <class T>
void weight_gradient_implicit(const T* dy, const T* x, T* dw, const Conv2dShape& s) {
  const int64_t cin = s.in_channels / s.groups, cout = s.out_channels / s.groups, taps = s.kernel_height * s.kernel_width * cin;
  const int64_t pixels = s.batch * s.out_height * s.out_width;
  const T* no_bias = nullptr;
  if (is_matmul(s)) return Matmul<T>::on(Device::cuda)(dy, x, no_bias, dw, {.m = cout, .n = cin, .k = pixels, .transpose_a = true});
  multiply_with_registers<2>(GemmShape(cout, taps, pixels, s.groups), MatrixLayout<T>(cout, pixels, 1, s.out_channels, cout, {.count = s.groups}),
                             WeightGradientPatches<T>(s), MatrixResult<T>{.row_stride = taps, .matrix_stride = cout * taps}, dy, x, no_bias, dw);
}

}  // namespace

ITO_REGISTER_KERNEL(Conv2dForward, Device::cuda, "implicit", forward_implicit, float, double, bfloat16);
ITO_REGISTER_KERNEL(Conv2dDataGradient, Device::cuda, "implicit", data_gradient_implicit, float, double, bfloat16);
ITO_REGISTER_KERNEL(Conv2dWeightGradient, Device::cuda, "implicit", weight_gradient_implicit, float, double, bfloat16);

}  // namespace ito::kernels
