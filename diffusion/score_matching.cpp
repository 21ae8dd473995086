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

std::vector<std::string> score_matching_names() { return {"explicit", "implicit", "sliced", "denoising"}; }

Tensor score_matching_loss(const RowMap& score, const Tensor& x, const ScoreMatchingOptions& o, Generator& draws) {
  if (o.objective == "explicit") {
    ITO_CHECK(o.true_score, "explicit score matching needs the true score; without it there are: implicit sliced denoising");
    return mean(explicit_score_matching(score, o.true_score, x));
  }
  if (o.objective == "implicit") return mean(implicit_score_matching(score, x));
  if (o.objective == "sliced") {
    const Tensor v = probes(o.probe, x.shape(), draws, 0, x.dtype(), x.device());
    ++draws.call;
    return mean(sliced_score_matching(score, x, v));
  }
  ITO_CHECK(o.objective == "denoising", "no score matching '", o.objective, "'; there are: explicit implicit sliced denoising");
  ITO_CHECK(o.sigma > 0, "denoising score matching needs a positive sigma, got ", o.sigma);
  return mean(denoising_score_matching(score, x, normal(x.shape(), draws, x.dtype(), x.device()), o.sigma));
}

}  // namespace ito
