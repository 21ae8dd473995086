#include "diffusion/sde.h"

#include <cmath>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/unary.h"

namespace ito {

Field of_time(std::function<double(double t)> g) {
  return [g = std::move(g)](const Tensor& x, double t) { return Tensor::scalar(g(t), x.dtype(), x.device()); };
}

Tensor euler_maruyama_step(const Sde& sde, const Tensor& x, double t, double dt, const Tensor& dw) {
  return x + sde.drift(x, t) * dt + sde.diffusion(x, t) * dw;
}

Tensor milstein_step(const Sde& sde, const Tensor& x, double t, double dt, const Tensor& dw) {
  if (!sde.slope) return euler_maruyama_step(sde, x, t, dt, dw);
  const Tensor b = sde.diffusion(x, t);
  return x + sde.drift(x, t) * dt + b * dw + b * sde.slope(x, t) * (square(dw) - std::abs(dt)) * 0.5;
}

Tensor platen_step(const Sde& sde, const Tensor& x, double t, double dt, const Tensor& dw) {
  const double root = std::sqrt(std::abs(dt));
  const Tensor b = sde.diffusion(x, t), ahead = x + sde.drift(x, t) * dt;
  return ahead + b * dw + (sde.diffusion(ahead + b * root, t) - b) * (square(dw) - std::abs(dt)) * (0.5 / root);
}

Sde reversed(const Sde& sde, const Field& score) {
  const Field drift = [sde, score](const Tensor& x, double t) {
    const Tensor b = sde.diffusion(x, t);
    const Tensor a = sde.drift(x, t) - square(b) * score(x, t);
    return sde.slope ? a - b * sde.slope(x, t) * 2 : a;
  };
  return {.drift = drift, .diffusion = sde.diffusion, .slope = sde.slope};
}

Field probability_flow(const Sde& sde, const Field& score) {
  return [sde, score](const Tensor& x, double t) {
    const Tensor b = sde.diffusion(x, t);
    const Tensor a = sde.drift(x, t) - square(b) * score(x, t) * 0.5;
    return sde.slope ? a - b * sde.slope(x, t) : a;
  };
}

}  // namespace ito
