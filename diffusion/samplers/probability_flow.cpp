// The probability-flow ODE, whose solutions have the process's marginals: dx/dt = f x - g^2/2 score (Song et al. 2021, eq. 13), from last() down,
// by the steps of diffusion/ode.h.
//   ode-euler, ode-heun, ode-rk4   orders 1, 2 and 4 on the times; 1, 2 and 4 calls of the network a step
//   ode-rk45                       Dormand & Prince 1980, from last() to first(). Its steps are as options.tolerance asks, the same for all images
//                                  of a batch: what else is in it changes an image, within the tolerance
#include "diffusion/samplers/chain.h"

namespace ito::samplers {

namespace {

using Scheme = Tensor (*)(const Field&, const Tensor& x, double t, double h);

Tensor walk_by(Scheme scheme, const Chain& chain) {
  return chain.walk(
      [&](const Tensor& x, size_t i) { return scheme(chain.probability_flow(), x, chain.times[i], chain.times[i + 1] - chain.times[i]); });
}

}  // namespace

Tensor ode_euler(const Chain& chain) { return walk_by(euler_step, chain); }
Tensor ode_heun(const Chain& chain) { return walk_by(heun_step, chain); }
Tensor ode_rk4(const Chain& chain) { return walk_by(rk4_step, chain); }

Tensor ode_rk45(const Chain& chain) {
  const NoiseProcess& p = chain.process;
  const Tensor start = chain.start();
  chain.tell(p.last(), start);
  const Tensor x = rk45(chain.probability_flow(), start, p.last(), p.first(), {.rtol = chain.o.tolerance, .atol = chain.o.tolerance}).x;
  chain.tell(p.first(), x);
  return chain.constrained(chain.denoise(x, p.first()).x0, chain.times.size());
}

}  // namespace ito::samplers
