// The reverse SDE (Anderson 1982; Song et al. 2021, eq. 6), from t down to s = t - h:  dx = [f x - g^2 score] dt + g dW.  Source 000 (3.26-27) has
// its drift with the forward clock.
//   euler-maruyama     x - h (f x - g^2 score) + g sqrt(h) z
//   stochastic-heun    the mean of the drifts at both ends, and of g, with the same z: weak order 2 for such g, two calls of the network a step
//   reverse-diffusion  the forward transition x_t = r x_s + sqrt(v) z turned round: (2 - r) x + v score + sqrt(v) z. Song et al. 2021, appendix E
#include "diffusion/samplers/chain.h"

namespace ito::samplers {

namespace {

// Of the reverse SDE, with time running down.
Tensor drift(const Chain& chain, const Tensor& x, const Tensor& slope, double t) {
  return x * -chain.process.drift(t) + slope * chain.process.squared_diffusion(t);
}
double diffusion(const Chain& chain, double t) { return std::sqrt(chain.process.squared_diffusion(t)); }

}  // namespace

Tensor euler_maruyama_step(const Chain& chain, const Tensor& x, size_t i) {
  const double t = chain.times[i], h = t - chain.times[i + 1];
  return x + drift(chain, x, score(chain.denoise(x, t), chain.at(i)), t) * h + chain.noise_of_step(i) * (diffusion(chain, t) * std::sqrt(h));
}

Tensor euler_maruyama(const Chain& chain) {
  return chain.walk([&](const Tensor& x, size_t i) { return euler_maruyama_step(chain, x, i); });
}

Tensor stochastic_heun(const Chain& chain) {
  return chain.walk([&](const Tensor& x, size_t i) {
    const double t = chain.times[i], s = chain.times[i + 1], h = t - s;
    const Tensor here = drift(chain, x, score(chain.denoise(x, t), chain.at(i)), t), z = chain.noise_of_step(i);
    const Tensor reached = x + here * h + z * (diffusion(chain, t) * std::sqrt(h));
    const Tensor there = drift(chain, reached, chain.score(reached, s), s);
    return x + (here + there) * (0.5 * h) + z * (0.5 * (diffusion(chain, t) + diffusion(chain, s)) * std::sqrt(h));
  });
}

Tensor reverse_diffusion_step(const Chain& chain, const Tensor& x, size_t i) {
  const Transition step = transition(chain.at(i + 1), chain.at(i));
  const Tensor slope = score(chain.denoise(x, chain.times[i]), chain.at(i));
  return x * (2 - step.scale) + slope * step.variance + chain.noise_of_step(i) * std::sqrt(step.variance);
}

Tensor reverse_diffusion(const Chain& chain) {
  return chain.walk([&](const Tensor& x, size_t i) { return reverse_diffusion_step(chain, x, i); });
}

}  // namespace ito::samplers
