// How likely a model finds data.
//
// By the probability-flow ODE (Song et al. 2021, eq. 39; source 000, section 3.4.5): in y = x / scale and r = deviation / scale it is dy/dr = eps for
// every process, and along a solution d log p(y)/dr = -tr d eps/dy. From first() to last(), where p is the prior,
//   log p(x_first) = log p(x_last) + dimensions log(scale_last / scale_first) + integral of tr d eps/dy dr.
// The trace is estimated without bias by v^T (d eps/dy) v, v of +-1 (Skilling 1989; Hutchinson 1990). Steps are even in log r.
//
// By the variational bound of continuous time (Huang et al. 2021, theorem 3; source 000, (3.41-3.53)), which the ELBO of Kingma et al. 2021 ("VDM",
// eq. 17) equals. With log r as the clock it is the same for every process:
//   log p >= E log p(x_last) + dimensions log(deviation_last / deviation_first) - integral of E |eps_predicted - eps|^2 d log r.
// For the exact denoiser it is tight on average over data: it is then the mean of log p over q(x_first | x_0).
#pragma once

#include "diffusion/sampler.h"

namespace ito {

struct LikelihoodOptions {
  int64_t steps =
      64;  // ODE: of Runge and Kutta's order 4, four calls of the network each; bound: times at which the integrand is drawn, one in each part
  int64_t probes = 1;  // ODE: vectors v an image
  uint64_t seed = 0;
  int64_t first_image = 0;  // image k of a seed meets the same random numbers in any batch
};

// Of x (N, H, W, C) as x_first: N values in nats. The denoiser must be differentiable. Adds nothing to gradients.
std::vector<double> log_likelihood(const NoiseProcess& process, const Denoiser& denoiser, const Tensor& x, const LikelihoodOptions& options = {});
// The bound for data x_0, drawn once: N values in nats.
std::vector<double> likelihood_bound(const NoiseProcess& process, const Denoiser& denoiser, const Tensor& x0, const LikelihoodOptions& options = {});

// Bytes as points of their bins, ([0, 255] + u - 1/2) / 127.5 - 1 with u uniform in [0, 1): the density then bounds the probability of bytes (Theis
// et al. 2016).
Tensor dequantised(const Tensor& bytes, uint64_t seed, int64_t first_image = 0);
// -log2 of the probability of a byte, per dimension: log_density is of dequantised images.
double bits_per_dimension(double log_density, int64_t dimensions);

}  // namespace ito
