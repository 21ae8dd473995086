// dpm-solver++   Lu et al. 2022, "DPM-Solver++", algorithm 2 (2M). With lambda = log(scale / deviation) and h = lambda_s - lambda_t,
//                  x_s = deviation_s/deviation_t x_t + scale_s (1 - e^{-h}) D,   D = (1 + 1/(2 r)) x_0(t) - 1/(2 r) x_0(before),   r = h before / h:
//                D is the straight line through the x_0 of this time and of the one before, in the middle of the step.
//                A step that is repeated has no x_0 before it on its way, and is ddim's: D = x_0.
#include "diffusion/samplers/chain.h"

namespace ito::samplers {

Tensor dpm_solver(const Chain& chain) {
  Tensor before;
  double h_before = 0;
  return chain.walk([&](const Tensor& x, size_t i) {
    const Marginal t = chain.at(i), s = chain.at(i + 1);
    const Tensor x0 = chain.denoise(x, chain.times[i]).x0;
    // At scale 0 lambda is -infinity: the step is that of ddim, and the next one begins anew.
    const double h = t.scale > 0 ? std::log(s.scale / s.deviation) - std::log(t.scale / t.deviation) : 0;
    Tensor aim = x0;
    if (h_before > 0 && !chain.repeated()) {
      const double share = h / (2 * h_before);
      aim = x0 * (1 + share) - before * share;
    }
    before = x0;
    h_before = h;
    const double keep = s.deviation / t.deviation;
    return x * keep + aim * (s.scale - t.scale * keep);
  });
}

}  // namespace ito::samplers
