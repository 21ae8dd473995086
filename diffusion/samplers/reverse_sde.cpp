// The reverse SDE (Anderson 1982; Song et al. 2021, eq. 6), from t down to s:  dx = [f x - g^2 score] dt + g dW  with dt < 0, by the schemes of
// diffusion/sde.h. Source 000 (3.26-27) has its drift with the forward clock.
//   euler-maruyama, milstein, stochastic-runge-kutta   g depends on t alone, so that the corrections of the last two are zero and all are equal
//   stochastic-heun    the mean of the drifts at both ends, and of g, with the same z: weak order 2 for such g, two calls of the network a step
//   reverse-diffusion  the forward transition x_t = r x_s + sqrt(v) z turned round: (2 - r) x + v score + sqrt(v) z. Song et al. 2021, appendix E
#include "diffusion/samplers/chain.h"

namespace ito::samplers {

namespace {

using Scheme = Tensor (*)(const Sde&, const Tensor& x, double t, double dt, const Tensor& dw);

Tensor step_by(Scheme scheme, const Chain& chain, const Tensor& x, size_t i) {
  const double t = chain.times[i], dt = chain.times[i + 1] - t;
  return scheme(chain.reverse_sde(), x, t, dt, chain.noise_of_step(i) * std::sqrt(-dt));
}

Tensor walk_by(Scheme scheme, const Chain& chain) {
  return chain.walk([&](const Tensor& x, size_t i) { return step_by(scheme, chain, x, i); });
}

}  // namespace

Tensor euler_maruyama_step(const Chain& chain, const Tensor& x, size_t i) { return step_by(ito::euler_maruyama_step, chain, x, i); }

Tensor euler_maruyama(const Chain& chain) { return walk_by(ito::euler_maruyama_step, chain); }
Tensor milstein(const Chain& chain) { return walk_by(ito::milstein_step, chain); }
Tensor stochastic_runge_kutta(const Chain& chain) { return walk_by(ito::platen_step, chain); }

Tensor stochastic_heun(const Chain& chain) {
  return chain.walk([&](const Tensor& x, size_t i) {
    const double t = chain.times[i], s = chain.times[i + 1], dt = s - t;
    const Sde sde = chain.reverse_sde();
    const Tensor dw = chain.noise_of_step(i) * std::sqrt(-dt), drift = sde.drift(x, t), noise = sde.diffusion(x, t) * dw;
    const Tensor reached = x + drift * dt + noise;
    return x + (drift + sde.drift(reached, s)) * (0.5 * dt) + (noise + sde.diffusion(reached, s) * dw) * 0.5;
  });
}

Tensor reverse_diffusion_step(const Chain& chain, const Tensor& x, size_t i) {
  const Transition step = transition(chain.at(i + 1), chain.at(i));
  return x * (2 - step.scale) + chain.score(x, chain.times[i]) * step.variance + chain.noise_of_step(i) * std::sqrt(step.variance);
}

Tensor reverse_diffusion(const Chain& chain) {
  return chain.walk([&](const Tensor& x, size_t i) { return reverse_diffusion_step(chain, x, i); });
}

}  // namespace ito::samplers
