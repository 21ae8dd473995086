// Losses, as means; formulas in kernels/loss/loss.h.
#pragma once

#include "tensor/tensor.h"

namespace ito {

Tensor mse_loss(const Tensor& x, const Tensor& target);           // equal shapes -> scalar
Tensor cross_entropy(const Tensor& logits, const Tensor& label);  // (N, K) and i64 (N), 0 <= label < K -> scalar

}  // namespace ito
