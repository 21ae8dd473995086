#include "diffusion/kl_weights.h"

namespace ito {

KlWeights kl_weights(const Ddpm& process, int64_t t, double variance) {
  ITO_CHECK(t >= 0 && t < process.steps(), "there is no time ", t, " among ", process.steps());
  ITO_CHECK(variance > 0, "a variance must be above 0, got ", variance);
  const double beta = process.beta(t), alpha = 1 - beta, noise = 1 - process.alpha_bar(t), before = process.alpha_bar(t - 1);
  const double mean = 1 / (2 * variance), score = mean * beta * beta / alpha, x0 = mean * before * beta * beta / (noise * noise);
  return {.mean = mean, .epsilon = score / noise, .x0 = x0, .score = score, .v = x0 * noise};
}

}  // namespace ito
