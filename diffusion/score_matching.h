// Score matching: four objectives whose expectations differ by numbers that do not depend on the score model s, so that all have the minimum s = grad
// log p. Each gives one value a row of x (N, ...), to be averaged over rows drawn from p; gradients flow to whatever the score depends on.
#pragma once

#include "diffusion/trace.h"

namespace ito {

// |s(x) - grad log p(x)|^2 / 2, half the Fisher divergence: for data whose score is known ("explicit").
Tensor explicit_score_matching(const RowMap& score, const RowMap& true_score, const Tensor& x);
// |s(x)|^2 / 2 + tr ds/dx  ("implicit"). Hyvarinen 2005, theorem 1; d backward passes.
Tensor implicit_score_matching(const RowMap& score, const Tensor& x);
// |s(x)|^2 / 2 + v^T ds/dx v  for probes v of x's shape. Song et al. 2019 (sliced score matching), eq. 8.
Tensor sliced_score_matching(const RowMap& score, const Tensor& x, const Tensor& v);
// |s(x + sigma z) + z / sigma|^2 / 2  for z ~ N(0, I) of x's shape: of p blurred by N(0, sigma^2 I). Vincent 2011, eq. 11.
Tensor denoising_score_matching(const RowMap& score, const Tensor& x, const Tensor& z, double sigma);

}  // namespace ito
