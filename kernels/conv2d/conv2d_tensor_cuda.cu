// 3. tensor    the implicit products of bf16 by tensor cores: kernels/gemm/tensor_cuda.h.
#include "kernels/conv2d/implicit_cuda.h"
#include "kernels/gemm/tensor_cuda.h"

namespace ito::kernels {

namespace {

template <class T>
void forward_tensor(const T* x, const T* w, const T* bias, T* y, const Conv2dShape& s) {
  implicit_forward(WithTensorCores<true, true>(), x, w, bias, y, s);
}
template <class T>
void data_gradient_tensor(const T* dy, const T* w, const T* bias, T* dx, const Conv2dShape& s) {
  implicit_data_gradient(WithTensorCores<true, false>(), dy, w, bias, dx, s);
}
template <class T>
void weight_gradient_tensor(const T* dy, const T* x, T* dw, const Conv2dShape& s) {
  implicit_weight_gradient(WithTensorCores<false, false>(), dy, x, dw, s);
}

}  // namespace

ITO_REGISTER_KERNEL(Conv2dForward, Device::cuda, "tensor", forward_tensor, bfloat16);
ITO_REGISTER_KERNEL(Conv2dDataGradient, Device::cuda, "tensor", data_gradient_tensor, bfloat16);
ITO_REGISTER_KERNEL(Conv2dWeightGradient, Device::cuda, "tensor", weight_gradient_tensor, bfloat16);

}  // namespace ito::kernels
