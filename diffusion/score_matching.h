// Score matching: four objectives whose expectations differ by numbers that do not depend on the score model s, so that all have the minimum s = grad
// log p. Each gives one value a row of x (N, ...), to be averaged over rows drawn from p; gradients flow to whatever the score depends on.
#pragma once

#include <string>
#include <vector>

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

// The choice between them by name, to train by.
struct ScoreMatchingOptions {
  std::string objective = "denoising";  // one of score_matching_names()
  RowMap true_score = {};               // explicit
  Probe probe = Probe::rademacher;      // sliced
  double sigma = 0.1;                   // denoising
};
std::vector<std::string> score_matching_names();
// The mean of the objective over the rows of x; probes and noise are fresh draws. Throws Error for an unknown objective, for the explicit one without
// a true score and for sigma <= 0.
Tensor score_matching_loss(const RowMap& score, const Tensor& x, const ScoreMatchingOptions& options, Generator& draws);

}  // namespace ito
