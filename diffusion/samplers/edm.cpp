// edm   Karras et al. 2022, algorithm 2, in y = x / scale and r = deviation / scale, in which every process has the same ODE, dy/dr = eps. A step of
//       Heun's method from r_i to r_{i+1}; with S_churn > 0 noise is added first, which raises r_i to (1 + gamma) r_i, gamma = min(S_churn / N,
//       sqrt(2) - 1).
#include <numbers>

#include "diffusion/samplers/chain.h"

namespace ito::samplers {

Tensor edm(const Chain& chain) {
  const SamplerOptions& o = chain.o;
  const double most = ratio_at(chain.process, chain.times.front());
  return chain.walk([&](const Tensor& x_now, size_t i) {
    Tensor y = x_now / chain.at(i).scale;
    double t = chain.times[i], r = ratio_at(chain.process, t);
    const double gamma = r >= o.churn_min && r <= o.churn_max ? std::min(o.churn / double(chain.times.size()), std::numbers::sqrt2 - 1) : 0;
    if (gamma > 0) {
      const double raised = std::min(most, r * (1 + gamma));  // the network knows no more noise than it was trained with
      // A difference of squares may round to below 0 where raised is r: at the first time.
      y = y + chain.noise(churn_noise, uint32_t(i)) * (o.churn_noise * std::sqrt((raised - r) * (raised + r)));
      r = raised;
      t = chain.process.time_of_ratio(r);
    }
    const double s = chain.times[i + 1], to = ratio_at(chain.process, s), scale = chain.at(i + 1).scale;
    const Tensor slope = chain.denoise(y * chain.process.marginal(t).scale, t).eps, reached = y + slope * (to - r);
    const Tensor slope_there = chain.denoise(reached * scale, s).eps;
    return (y + (slope + slope_there) * (0.5 * (to - r))) * scale;
  });
}

}  // namespace ito::samplers
