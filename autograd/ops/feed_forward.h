// The feed-forward layer of a Transformer (Vaswani et al. 2017, eq. 2, with another activation); see feed_forward.cpp.
#pragma once

#include "tensor/tensor.h"

namespace ito {

// gelu(x up^T + up_bias) down^T + down_bias: x (..., in), up (hidden, in), up_bias (hidden), down (out, hidden), down_bias (out) -> (..., out).
Tensor feed_forward_gelu(const Tensor& x, const Tensor& up, const Tensor& up_bias, const Tensor& down, const Tensor& down_bias);

}  // namespace ito
