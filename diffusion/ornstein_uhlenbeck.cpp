#include "diffusion/ornstein_uhlenbeck.h"

#include <cmath>

#include "autograd/ops/arithmetic.h"

namespace ito {

double OrnsteinUhlenbeck::mean(double x, double t) const { return theta + (x - theta) * std::exp(-kappa * t); }

double OrnsteinUhlenbeck::variance(double t) const { return -stationary_variance() * std::expm1(-2 * kappa * t); }

double OrnsteinUhlenbeck::covariance(double t, double u) const {
  return stationary_variance() * (std::exp(-kappa * std::abs(t - u)) - std::exp(-kappa * (t + u)));
}

Tensor OrnsteinUhlenbeck::transition(const Tensor& x, double elapsed, const Tensor& z) const {
  return (x - theta) * std::exp(-kappa * elapsed) + z * std::sqrt(variance(elapsed)) + theta;
}

Sde OrnsteinUhlenbeck::sde() const {
  return {.drift = [k = kappa, m = theta](const Tensor& x, double) { return (m - x) * k; }, .diffusion = of_time([s = sigma](double) { return s; })};
}

}  // namespace ito
