// The processes of the zoo.
#pragma once

#include <algorithm>

#include "diffusion/noise_process.h"

namespace ito {

// x_t = sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) z. Ho et al. 2020, eqs. 2, 4, 6, 7; index 0 is their t = 1. Between indices log alpha-bar is a
// monotone cubic through its values (Fritsch & Butland 1984), so that the SDE and the ODE of a VP process with these marginals have smooth rates.
class Ddpm : public NoiseProcess {
 public:
  explicit Ddpm(std::vector<double> betas);  // in (0, 1); the last may be 1 (zero terminal SNR)

  int64_t steps() const { return int64_t(betas_.size()); }
  double beta(int64_t t) const { return betas_.at(size_t(t)); }
  double alpha_bar(int64_t t) const { return t < 0 ? 1 : alphas_cumprod_.at(size_t(t)); }  // product of 1 - beta up to t; 1 before the first

  // q(x_{t-1} | x_t, x_0) = N(x0_weight x_0 + xt_weight x_t, variance I)
  struct Posterior {
    double x0_weight, xt_weight, variance;
  };
  Posterior posterior(int64_t t) const;

  double first() const override { return 0; }
  double last() const override { return double(steps() - 1); }
  Marginal marginal(double t) const override;
  double drift(double t) const override { return 0.5 * log_alpha_bar(t).slope; }
  double squared_diffusion(double t) const override { return -log_alpha_bar(t).slope; }
  double network_time(double t) const override { return t * 1000 / double(steps()); }
  double prior_deviation() const override { return 1; }
  // T - 1, then every T/count-th ("trailing", Lin et al. 2024, arXiv 2305.08891, section 3.3).
  std::vector<double> times(int64_t count) const override;
  int64_t most_times() const override { return steps(); }

 private:
  struct Cubic {
    double value, slope;
  };
  Cubic log_alpha_bar(double t) const;
  double slope_at(int64_t t) const;

  std::vector<double> betas_, alphas_cumprod_;
};

// Song et al. 2021, appendix B, with beta(t) = beta_min + t (beta_max - beta_min) on t in [first, 1]; B = integral of beta from 0. With a
// `curve` k > 0 (source 000's functional models) beta(t) = k c e^{ct} and B = k (e^{ct} - 1), with the c that gives B(1) of the straight line: the
// noise comes later.
//   VP      dx = -beta x/2 dt + sqrt(beta) dW                        scale e^{-B/2}, deviation^2 1 - e^{-B}
//   sub-VP  dx = -beta x/2 dt + sqrt(beta (1 - e^{-2 B})) dW         scale e^{-B/2}, deviation 1 - e^{-B}
struct VpOptions {
  double beta_min = 0.1, beta_max = 20, first = 1e-3;
  double curve = 0;
};
class Vp : public NoiseProcess {
 public:
  explicit Vp(const VpOptions& options = {});
  double first() const override { return o_.first; }
  double earliest() const override { return std::min(1e-5, o_.first); }
  double last() const override { return 1; }
  Marginal marginal(double t) const override;
  double drift(double t) const override { return -0.5 * beta(t); }
  double squared_diffusion(double t) const override { return beta(t); }
  double network_time(double t) const override { return 999 * t; }
  double prior_deviation() const override { return 1; }
  double time_of_ratio(double ratio) const override;  // e^B = 1 + ratio^2
  double beta(double t) const;
  double integral(double t) const;  // of beta, from 0

 protected:
  double time_of_integral(double b) const;

 private:
  double rate() const;  // c
  VpOptions o_;
};
class SubVp : public Vp {
 public:
  using Vp::Vp;
  Marginal marginal(double t) const override;
  double squared_diffusion(double t) const override;
  double time_of_ratio(double ratio) const override;  // 2 sinh(B/2) = ratio
};

// dx = sqrt(d sigma^2/dt) dW, sigma(t) = sigma_min (sigma_max/sigma_min)^t on t in [0, 1]: scale 1, deviation sigma. Evenly spread times are the
// geometric levels of NCSN (Song & Ermon 2019).
struct VeOptions {
  double sigma_min = 0.01, sigma_max = 50;
};
class Ve : public NoiseProcess {
 public:
  explicit Ve(const VeOptions& options = {});
  double first() const override { return 0; }
  double last() const override { return 1; }
  Marginal marginal(double t) const override;
  double drift(double) const override { return 0; }
  double squared_diffusion(double t) const override;
  double network_time(double t) const override { return 1000 * t; }
  double prior_deviation() const override { return o_.sigma_max; }
  double time_of_ratio(double ratio) const override;

 private:
  VeOptions o_;
};

// Karras et al. 2022 ("EDM"), table 1: time is the deviation, dx = sqrt(2 sigma) dW. Times are theirs, eq. 5: sigma^{1/rho} evenly spread.
struct EdmOptions {
  double sigma_min = 0.002, sigma_max = 80, rho = 7;
};
class Edm : public NoiseProcess {
 public:
  explicit Edm(const EdmOptions& options = {});
  double first() const override { return o_.sigma_min; }
  double last() const override { return o_.sigma_max; }
  Marginal marginal(double t) const override { return {1, t}; }
  double drift(double) const override { return 0; }
  double squared_diffusion(double t) const override { return 2 * t; }
  double network_time(double t) const override;  // log sigma, from sigma_min at 0 to sigma_max at 1000
  double prior_deviation() const override { return o_.sigma_max; }
  std::vector<double> times(int64_t count) const override;
  double time_of_ratio(double ratio) const override { return std::clamp(ratio, first(), last()); }

 private:
  EdmOptions o_;
};

}  // namespace ito
