// 2. implicit    the three convolutions as products of matrices that exist only tile by tile in shared memory (implicit_cuda.h), multiplied by
//                the double-buffered loop of kernels/gemm/tile_cuda.h. A pixel that is loaded is multiplied with up to 128 channels, and the
//                channels of a pixel come 16 bytes at a time. The long sums of the weight gradient are cut into parts. Limited by the
//                multiplications; with few channels a group, by tiles that are mostly empty.
#include "kernels/conv2d/implicit_cuda.h"
#include "kernels/gemm/tile_cuda.h"

namespace ito::kernels {

namespace {

template <class T>
void forward_implicit(const T* x, const T* w, const T* bias, T* y, const Conv2dShape& s) {
  implicit_forward(WithRegisters<2>(), x, w, bias, y, s);
}
template <class T>
void data_gradient_implicit(const T* dy, const T* w, const T* bias, T* dx, const Conv2dShape& s) {
  implicit_data_gradient(WithRegisters<2>(), dy, w, bias, dx, s);
}
// Addresses that change with every pixel take the registers that the largest tile has no more of.
template <class T>
void weight_gradient_implicit(const T* dy, const T* x, T* dw, const Conv2dShape& s) {
  implicit_weight_gradient(WithRegisters<2, 64>(), dy, x, dw, s);
}

}  // namespace

ITO_REGISTER_KERNEL(Conv2dForward, Device::cuda, "implicit", forward_implicit, float, double, bfloat16);
ITO_REGISTER_KERNEL(Conv2dDataGradient, Device::cuda, "implicit", data_gradient_implicit, float, double, bfloat16);
ITO_REGISTER_KERNEL(Conv2dWeightGradient, Device::cuda, "implicit", weight_gradient_implicit, float, double, bfloat16);

}  // namespace ito::kernels
