// The term of DDPM's bound at a time t is a weighted squared error, whatever the network predicts:
//   KL(q(x_{t-1} | x_t, x_0) || N(mu(x_t), sigma^2 I)) = weight |target - prediction|^2 + what depends on the variances alone (0 for sigma^2 =
//   beta-tilde)
#pragma once

#include "diffusion/processes.h"

namespace ito {

struct KlWeights {
  double mean;     // 1/(2 sigma^2), of mu itself. Ho et al. 2020, eq. 8
  double epsilon;  // beta^2 / (2 sigma^2 alpha (1 - alpha-bar)). Ho et al. 2020, eq. 12
  double x0;       // alpha-bar_{t-1} beta^2 / (2 sigma^2 (1 - alpha-bar)^2)
  double score;    // beta^2 / (2 sigma^2 alpha), of s = -epsilon / sqrt(1 - alpha-bar); mu = (x + beta s) / sqrt(alpha)
  double v;        // that of x0 times 1 - alpha-bar, as x0 = sqrt(alpha-bar) x - sqrt(1 - alpha-bar) v. Salimans & Ho 2022
};
// variance: sigma^2 > 0, of the reverse step. Nats. Throws Error for t out of range. At t = 0 the weights are those of -log p(x_0 | x_1) as a
// density. Where beta = 1 (zero terminal SNR) those of epsilon and of the score are infinite: they say nothing of x_0.
KlWeights kl_weights(const Ddpm& process, int64_t t, double variance);

}  // namespace ito
