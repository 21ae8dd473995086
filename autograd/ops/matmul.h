// Matrix products.
#pragma once

#include "tensor/tensor.h"

namespace ito {

struct MatmulOptions {
  bool transpose_a = false, transpose_b = false;  // of the last two axes
};

// (..., m, k) x (..., k, n) -> (..., m, n); leading axes broadcast. Throws Error when the inner extents differ.
Tensor matmul(const Tensor& a, const Tensor& b, const MatmulOptions& options = {});

// y = x W^T + bias: x (..., in), weight (out, in), bias (out) or undefined -> (..., out).
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

}  // namespace ito
