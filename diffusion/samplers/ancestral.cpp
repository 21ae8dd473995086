// ancestral   x_s ~ N(posterior mean given the expected x_0, variance), the posterior of any two times s < t. On DDPM's neighbouring times: Ho et al.
//             2020, algorithm 2. On VE: x + (sigma_t^2 - sigma_s^2) score + sqrt(sigma_s^2 (sigma_t^2 - sigma_s^2) / sigma_t^2) z, Song et al. 2021,
//             appendix F. variance: posterior (beta-tilde) or beta, that of the transition; each is optimal for some data (Ho et al., section 3.2).
// ddim        x_s = scale_s x_0 + sqrt(deviation_s^2 - sigma^2) eps + sigma z,  sigma = eta sqrt(posterior variance).
//             Song et al. 2021 (DDIM), eqs. 12 and 16; eta = 1 is ancestral.
#include <algorithm>

#include "autograd/graph.h"
#include "autograd/ops/unary.h"
#include "diffusion/learned_variance.h"
#include "diffusion/samplers/chain.h"

namespace ito::samplers {

Tensor ancestral_step(const Chain& chain, const Tensor& x, size_t i) {
  const Transition step = transition(chain.at(i + 1), chain.at(i));
  const Denoised d = chain.denoise(x, chain.times[i]);
  const Tensor mean = d.x0 * step.x0_weight + x * step.xt_weight, z = chain.noise_of_step(i);
  if (chain.o.variance == "learned") {
    ITO_CHECK(d.range.defined(), "this model has no variance of its own: the sampling variance must be posterior or beta");
    return mean + z * cast(exp(between(std::log(step.posterior_variance), std::log(step.variance), d.range) * 0.5), x.dtype());
  }
  return mean + z * std::sqrt(chain.o.variance == "beta" ? step.variance : step.posterior_variance);
}

Tensor ancestral(const Chain& chain) {
  return chain.walk([&](const Tensor& x, size_t i) { return ancestral_step(chain, x, i); });
}

Tensor ddim(const Chain& chain) {
  return chain.walk([&](const Tensor& x, size_t i) {
    const Marginal s = chain.at(i + 1);
    const double variance = chain.o.eta * chain.o.eta * transition(s, chain.at(i)).posterior_variance;
    const Denoised d = chain.denoise(x, chain.times[i]);
    const Tensor next = d.x0 * s.scale + d.eps * std::sqrt(std::max(0.0, s.deviation * s.deviation - variance));
    return variance > 0 ? next + chain.noise_of_step(i) * std::sqrt(variance) : next;
  });
}

}  // namespace ito::samplers

namespace ito {

Tensor ddim_inversion(const NoiseProcess& process, const Denoiser& denoiser, const Tensor& x, int64_t steps) {
  const NoGrad guard;
  const std::vector<double> times = process.times(steps);
  // The first step, to the smallest of the times, has no noise to start from: that expected of the data there is as good as its own.
  const Marginal first = process.marginal(times.back());
  Tensor now = x * first.scale + denoiser(x * first.scale, times.back()).eps * first.deviation;
  for (size_t i = times.size() - 1; i > 0; --i) {
    const Denoised d = denoiser(now, times[i]);
    const Marginal to = process.marginal(times[i - 1]);
    now = d.x0 * to.scale + d.eps * to.deviation;
  }
  return now;
}

}  // namespace ito
