// A bias and an activation in one pass; formula in kernels/bias_activation/bias_activation.h.
#pragma once

#include "tensor/tensor.h"

namespace ito {

// f(x + bias): x (..., C), bias (C). Each equals relu(x + bias) and so on, for half the memory traffic.
Tensor bias_relu(const Tensor& x, const Tensor& bias);
Tensor bias_silu(const Tensor& x, const Tensor& bias);
Tensor bias_gelu(const Tensor& x, const Tensor& bias);
Tensor bias_tanh(const Tensor& x, const Tensor& bias);
Tensor bias_sigmoid(const Tensor& x, const Tensor& bias);

}  // namespace ito
