// Scaled dot-product attention; formulas in kernels/attention/attention.h.
#pragma once

#include "tensor/tensor.h"

namespace ito {

struct AttentionOptions {
  int64_t num_heads = 1;  // divides the channels
  bool causal = false;    // query t sees keys 0 ... t
  Tensor mask = {};       // bool (true: may be seen) or of q's type and added to the scores; broadcasts to (N, heads, T, S)
  double scale = 0;       // of the scores; 0: 1 / sqrt(channels of a head)
};

// q (N, T, C), k and v (N, S, C) -> (N, T, C). Vaswani et al. 2017, eq. 1. A query that may see no key gives NaN.
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options = {});

// The same with q, k and v side by side in one tensor, as one linear map makes them: (N, T, 3 C) -> (N, T, C).
Tensor self_attention(const Tensor& qkv, const AttentionOptions& options = {});

}  // namespace ito
