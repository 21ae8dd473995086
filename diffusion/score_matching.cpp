#include "diffusion/score_matching.h"

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/reshape.h"
#include "autograd/ops/unary.h"

namespace ito {

namespace {
Tensor half_square(const Tensor& x) { return sum(square(x.rank() == 1 ? unsqueeze(x, 1) : flatten(x, 1)), {.axes = {1}}) * 0.5; }
}  // namespace

Tensor explicit_score_matching(const RowMap& score, const RowMap& true_score, const Tensor& x) { return half_square(score(x) - true_score(x)); }

Tensor implicit_score_matching(const RowMap& score, const Tensor& x) {
  const auto [s, trace] = jacobian_trace(score, x);
  return half_square(s) + trace;
}

Tensor sliced_score_matching(const RowMap& score, const Tensor& x, const Tensor& v) {
  const auto [s, trace] = hutchinson_trace(score, x, v);
  return half_square(s) + trace;
}

Tensor denoising_score_matching(const RowMap& score, const Tensor& x, const Tensor& z, double sigma) {
  return half_square(score(x + z * sigma) + z / sigma);
}

}  // namespace ito
