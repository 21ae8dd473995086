// A process that turns data into noise, by its marginals  q(x_t | x_0) = N(scale(t) x_0, deviation(t)^2 I).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace ito {

struct Marginal {
  double scale, deviation;
};

class NoiseProcess {
 public:
  virtual ~NoiseProcess() = default;
  // Times are 0 ... steps() - 1, from almost data to almost noise.
  virtual int64_t steps() const = 0;
  virtual Marginal marginal(int64_t t) const = 0;
  // What the network is told: t on the scale 0 ... 1000, whatever the number of steps.
  double network_time(int64_t t) const { return double(t) * 1000 / double(steps()); }
};

// The discrete process of DDPM: x_t = sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) z. Ho et al. 2020, eqs. 2, 4, 6, 7; index 0 is their t = 1.
class Ddpm : public NoiseProcess {
 public:
  explicit Ddpm(std::vector<double> betas);

  int64_t steps() const override { return int64_t(betas_.size()); }
  Marginal marginal(int64_t t) const override;
  double beta(int64_t t) const { return betas_.at(size_t(t)); }
  double alpha_bar(int64_t t) const { return t < 0 ? 1 : alphas_cumprod_.at(size_t(t)); }  // product of 1 - beta up to t; 1 before the first

  // q(x_{t-1} | x_t, x_0) = N(x0_weight x_0 + xt_weight x_t, variance I)
  struct Posterior {
    double x0_weight, xt_weight, variance;
  };
  Posterior posterior(int64_t t) const;

 private:
  std::vector<double> betas_, alphas_cumprod_;
};

// One value an image, (N, 1, 1, 1), of the marginals at times t (N) i64 on the cpu; the values on `device`.
struct MarginalTensors {
  Tensor scale, deviation;
};
MarginalTensors marginals(const NoiseProcess& process, const Tensor& t, Device device = Device::cpu);

}  // namespace ito
