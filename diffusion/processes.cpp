#include "diffusion/processes.h"

#include <cmath>

namespace ito {

Ddpm::Ddpm(std::vector<double> betas) : betas_(std::move(betas)) {
  ITO_CHECK(!betas_.empty(), "a process needs at least one beta");
  double product = 1;
  for (const double beta : betas_) {
    const bool last_one = &beta == &betas_.back() && beta == 1;
    ITO_CHECK((beta > 0 && beta < 1) || last_one, "a beta must lie between 0 and 1, got ", beta);
    alphas_cumprod_.push_back(product *= 1 - beta);
  }
}

Ddpm::Posterior Ddpm::posterior(int64_t t) const {
  const double now = alpha_bar(t), before = alpha_bar(t - 1);
  return {std::sqrt(before) * beta(t) / (1 - now), std::sqrt(1 - beta(t)) * (1 - before) / (1 - now), beta(t) * (1 - before) / (1 - now)};
}

Marginal Ddpm::marginal(double t) const {
  const auto below = int64_t(std::floor(t));
  const double share = t - double(below), ab = share == 0 ? alpha_bar(below) : alpha_bar(below) * std::pow(1 - beta(below + 1), share);
  return {std::sqrt(ab), std::sqrt(1 - ab)};
}

// Of the step that ends at t or holds it.
double Ddpm::drift(double t) const { return 0.5 * std::log1p(-beta(std::max<int64_t>(0, int64_t(std::ceil(t))))); }

std::vector<double> Ddpm::times(int64_t count) const {
  ITO_CHECK(count >= 1 && count <= steps(), "sampling steps must be 1 to ", steps(), ", got ", count);
  std::vector<double> list;
  for (int64_t i = count; i >= 1; --i) list.push_back(double(std::llround(double(i) * double(steps()) / double(count)) - 1));
  return list;
}

Vp::Vp(const VpOptions& o) : o_(o) {
  ITO_CHECK(o.beta_min > 0 && o.beta_max >= o.beta_min && o.first > 0 && o.first < 1,
            "a VP process needs 0 < beta_min <= beta_max and a first time between 0 and 1, got ", o.beta_min, ", ", o.beta_max, " and ", o.first);
}

Marginal Vp::marginal(double t) const { return {std::exp(-0.5 * integral(t)), std::sqrt(-std::expm1(-integral(t)))}; }

Marginal SubVp::marginal(double t) const { return {std::exp(-0.5 * integral(t)), -std::expm1(-integral(t))}; }

double SubVp::squared_diffusion(double t) const { return -beta(t) * std::expm1(-2 * integral(t)); }

Ve::Ve(const VeOptions& o) : o_(o) {
  ITO_CHECK(o.sigma_min > 0 && o.sigma_max > o.sigma_min, "a VE process needs 0 < sigma_min < sigma_max, got ", o.sigma_min, " and ", o.sigma_max);
}

Marginal Ve::marginal(double t) const { return {1, o_.sigma_min * std::pow(o_.sigma_max / o_.sigma_min, t)}; }

double Ve::squared_diffusion(double t) const {
  const double sigma = marginal(t).deviation;
  return 2 * sigma * sigma * std::log(o_.sigma_max / o_.sigma_min);
}

Edm::Edm(const EdmOptions& o) : o_(o) {
  ITO_CHECK(o.sigma_min > 0 && o.sigma_max > o.sigma_min && o.rho > 0, "EDM needs 0 < sigma_min < sigma_max and a positive rho, got ", o.sigma_min,
            ", ", o.sigma_max, " and ", o.rho);
}

double Edm::network_time(double t) const { return 1000 * std::log(t / o_.sigma_min) / std::log(o_.sigma_max / o_.sigma_min); }

std::vector<double> Edm::times(int64_t count) const {
  ITO_CHECK(count >= 1 && count <= most_times(), "sampling steps must be 1 to ", most_times(), ", got ", count);
  const double high = std::pow(o_.sigma_max, 1 / o_.rho), low = std::pow(o_.sigma_min, 1 / o_.rho);
  std::vector<double> list{o_.sigma_max};
  for (int64_t i = 1; i < count; ++i) list.push_back(std::pow(high + double(i) / double(count - 1) * (low - high), o_.rho));
  return list;
}

}  // namespace ito
