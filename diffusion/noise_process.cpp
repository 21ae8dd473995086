#include "diffusion/noise_process.h"

#include <cmath>

namespace ito {

Ddpm::Ddpm(std::vector<double> betas) : betas_(std::move(betas)) {
  double product = 1;
  for (const double beta : betas_) {
    ITO_CHECK(beta > 0 && beta < 1, "a beta must lie between 0 and 1, got ", beta);
    alphas_cumprod_.push_back(product *= 1 - beta);
  }
}

Marginal Ddpm::marginal(int64_t t) const { return {std::sqrt(alpha_bar(t)), std::sqrt(1 - alpha_bar(t))}; }

Ddpm::Posterior Ddpm::posterior(int64_t t) const {
  const double now = alpha_bar(t), before = alpha_bar(t - 1);
  return {std::sqrt(before) * beta(t) / (1 - now), std::sqrt(1 - beta(t)) * (1 - before) / (1 - now), beta(t) * (1 - before) / (1 - now)};
}

MarginalTensors marginals(const NoiseProcess& process, const Tensor& t, Device device) {
  const Shape shape{t.numel(), 1, 1, 1};
  const MarginalTensors out{Tensor::empty(shape), Tensor::empty(shape)};
  for (int64_t i = 0; i < t.numel(); ++i) {
    const Marginal m = process.marginal(t.data<int64_t>()[i]);
    out.scale.data<float>()[i] = float(m.scale);
    out.deviation.data<float>()[i] = float(m.deviation);
  }
  return {out.scale.to(device), out.deviation.to(device)};
}

}  // namespace ito
