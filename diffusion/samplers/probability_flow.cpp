// The probability-flow ODE, whose solutions have the process's marginals: dx/dt = f x - g^2/2 score (Song et al. 2021, eq. 13), from last() down.
//   ode-euler, ode-heun, ode-rk4   orders 1, 2 and 4 on the times; 1, 2 and 4 calls of the network a step
//   ode-rk45                       Dormand & Prince 1980, with steps as options.tolerance asks
#include "diffusion/samplers/chain.h"

namespace ito::samplers {

namespace {

// dx/d(-t), so that steps are positive.
Tensor slope(const Chain& chain, const Tensor& x, double t) {
  const double g2 = chain.process.squared_diffusion(t);
  return x * -chain.process.drift(t) + chain.score(x, t) * (0.5 * g2);
}

}  // namespace

Tensor ode_euler(const Chain& chain) {
  return chain.walk([&](const Tensor& x, size_t i) { return x + slope(chain, x, chain.times[i]) * (chain.times[i] - chain.times[i + 1]); });
}

Tensor ode_heun(const Chain& chain) {
  return chain.walk([&](const Tensor& x, size_t i) {
    const double t = chain.times[i], s = chain.times[i + 1], h = t - s;
    const Tensor here = slope(chain, x, t);
    return x + (here + slope(chain, x + here * h, s)) * (0.5 * h);
  });
}

Tensor ode_rk4(const Chain& chain) {
  return chain.walk([&](const Tensor& x, size_t i) {
    const double t = chain.times[i], s = chain.times[i + 1], h = t - s, middle = 0.5 * (t + s);
    const Tensor a = slope(chain, x, t), b = slope(chain, x + a * (0.5 * h), middle), c = slope(chain, x + b * (0.5 * h), middle),
                 d = slope(chain, x + c * h, s);
    return x + (a + (b + c) * 2 + d) * (h / 6);
  });
}

}  // namespace ito::samplers
