// Reductions over any axes. `axes` may be negative; none given means all of them. With keepdim the reduced axes stay, of extent 1.
#pragma once

#include <vector>

#include "tensor/tensor.h"

namespace ito {

struct ReduceOptions {
  std::vector<int> axes = {};
  bool keepdim = false;
};

Tensor sum(const Tensor& x, const ReduceOptions& options = {});   // sum_i x_i
Tensor mean(const Tensor& x, const ReduceOptions& options = {});  // 1/n sum_i x_i; of nothing: NaN
Tensor max(const Tensor& x, const ReduceOptions& options = {});   // ties share the gradient equally; NaN if any is; of nothing: Error
Tensor min(const Tensor& x, const ReduceOptions& options = {});
Tensor variance(const Tensor& x, const ReduceOptions& options = {});   // 1/n sum_i (x_i - mean)^2 (biased), two passes
Tensor logsumexp(const Tensor& x, const ReduceOptions& options = {});  // log sum_i exp(x_i), maximum taken off first
Tensor argmax(const Tensor& x, int axis);                              // i64, the first of equals; no gradient

// Sums x over the axes along which `shape` was broadcast to x's shape: the gradient rule of broadcasting.
Tensor sum_to_shape(const Tensor& x, const Shape& shape);
// Repeats x along axes of extent 1 (and new leading ones) to `shape`: the gradient rule of a sum.
Tensor broadcast_to(const Tensor& x, const Shape& shape);

}  // namespace ito
