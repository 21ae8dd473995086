#include "diffusion/processes.h"

#include <cmath>

namespace ito {

Ddpm::Ddpm(std::vector<double> betas) : betas_(std::move(betas)) {
  ITO_CHECK(!betas_.empty(), "a process needs at least one beta");
  double product = 1;
  for (size_t t = 0; t < betas_.size(); ++t) {
    const double beta = betas_[t];
    ITO_CHECK(beta > 0 && (beta < 1 || (beta == 1 && t + 1 == betas_.size())), "a beta must lie between 0 and 1, the last may be 1; got ", beta);
    alphas_cumprod_.push_back(product *= 1 - beta);
  }
}

Ddpm::Posterior Ddpm::posterior(int64_t t) const {
  const double now = alpha_bar(t), before = alpha_bar(t - 1);
  return {std::sqrt(before) * beta(t) / (1 - now), std::sqrt(1 - beta(t)) * (1 - before) / (1 - now), beta(t) * (1 - before) / (1 - now)};
}

// Of log alpha-bar at index t: the harmonic mean of the steps before and after, which keeps the cubic monotone; at the last index the step before.
double Ddpm::slope_at(int64_t t) const {
  const double before = std::log1p(-beta(std::max<int64_t>(t, 0))), after = std::log1p(-beta(std::min(t + 1, steps() - 1)));
  return 2 / (1 / before + 1 / after);
}

Ddpm::Cubic Ddpm::log_alpha_bar(double t) const {
  const auto i = std::min(int64_t(std::floor(t)), steps() - 1);
  const double u = t - double(i), low = std::log(alpha_bar(i)), slope = slope_at(i);
  if (u == 0) return {low, slope};
  // Hermite's cubic: low + u (slope + u (c + u d))
  const double rise = std::log1p(-beta(i + 1)), next = slope_at(i + 1), c = 3 * rise - 2 * slope - next, d = slope + next - 2 * rise;
  return {low + u * (slope + u * (c + u * d)), slope + u * (2 * c + 3 * u * d)};
}

Marginal Ddpm::marginal(double t) const {
  const double whole = std::floor(t), ab = t == whole ? alpha_bar(int64_t(t)) : std::exp(log_alpha_bar(t).value);
  return {std::sqrt(ab), std::sqrt(1 - ab)};
}

std::vector<double> Ddpm::times(int64_t count) const {
  ITO_CHECK(count >= 1 && count <= steps(), "sampling steps must be 1 to ", steps(), ", got ", count);
  std::vector<double> list;
  for (int64_t i = count; i >= 1; --i) list.push_back(double(std::llround(double(i) * double(steps()) / double(count)) - 1));
  return list;
}

Vp::Vp(const VpOptions& o) : o_(o) {
  ITO_CHECK(o.beta_min > 0 && o.beta_max >= o.beta_min && o.first > 0 && o.first < 1,
            "a VP process needs 0 < beta_min <= beta_max and a first time between 0 and 1, got ", o.beta_min, ", ", o.beta_max, " and ", o.first);
  ITO_CHECK(o.curve >= 0 && std::isfinite(o.curve), "the curve of a VP process's betas must not be negative, got ", o.curve);
}

double Vp::rate() const { return std::log1p((o_.beta_min + (o_.beta_max - o_.beta_min) / 2) / o_.curve); }

double Vp::beta(double t) const {
  if (o_.curve > 0) return o_.curve * rate() * std::exp(rate() * t);
  return o_.beta_min + t * (o_.beta_max - o_.beta_min);
}

double Vp::integral(double t) const {
  if (o_.curve > 0) return o_.curve * std::expm1(rate() * t);
  return t * o_.beta_min + 0.5 * t * t * (o_.beta_max - o_.beta_min);
}

double Vp::time_of_integral(double b) const {
  const double slope = o_.beta_max - o_.beta_min,
               t = o_.curve > 0 ? std::log1p(b / o_.curve) / rate() : 2 * b / (o_.beta_min + std::sqrt(o_.beta_min * o_.beta_min + 2 * slope * b));
  return std::clamp(t, first(), last());
}

double Vp::time_of_ratio(double ratio) const { return time_of_integral(std::log1p(ratio * ratio)); }

Marginal Vp::marginal(double t) const { return {std::exp(-0.5 * integral(t)), std::sqrt(-std::expm1(-integral(t)))}; }

Marginal SubVp::marginal(double t) const { return {std::exp(-0.5 * integral(t)), -std::expm1(-integral(t))}; }

double SubVp::time_of_ratio(double ratio) const { return time_of_integral(2 * std::asinh(ratio / 2)); }

double SubVp::squared_diffusion(double t) const { return -beta(t) * std::expm1(-2 * integral(t)); }

Ve::Ve(const VeOptions& o) : o_(o) {
  ITO_CHECK(o.sigma_min > 0 && o.sigma_max > o.sigma_min, "a VE process needs 0 < sigma_min < sigma_max, got ", o.sigma_min, " and ", o.sigma_max);
}

Marginal Ve::marginal(double t) const { return {1, o_.sigma_min * std::pow(o_.sigma_max / o_.sigma_min, t)}; }

double Ve::time_of_ratio(double ratio) const {
  return std::clamp(std::log(ratio / o_.sigma_min) / std::log(o_.sigma_max / o_.sigma_min), first(), last());
}

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
