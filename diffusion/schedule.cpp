#include "diffusion/schedule.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <numbers>
#include <optional>

#include "tensor/error.h"

namespace ito {

namespace {

constexpr double largest_beta = 0.999;

bool take_suffix(std::string& name, const std::string& suffix) {
  if (!name.ends_with(suffix)) return false;
  name.resize(name.size() - suffix.size());
  return true;
}

// The positive number after `prefix`, as in "power1.5".
std::optional<double> number_after(const std::string& prefix, const std::string& name) {
  if (!name.starts_with(prefix)) return {};
  double value = 0;
  const char* end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + prefix.size(), end, value, std::chars_format::fixed);
  if (error != std::errc() || rest != end || !(value > 0) || !std::isfinite(value)) return {};
  return value;
}

using Curve = std::function<double(double)>;

// How far from the first to the last beta at s in [0, 1]; empty for other names.
Curve between_ends(const std::string& name) {
  if (const auto p = number_after("power", name)) return [p = *p](double s) { return std::pow(s, p); };
  if (const auto k = name == "sine" ? 1.0 : number_after("sine", name))
    return [k = *k](double s) { return (1 + std::sin(2 * std::numbers::pi * k * s - std::numbers::pi / 2)) / 2; };
  if (name == "sigmoid") return [](double s) { return 1 / (1 + std::exp(6 - 12 * s)); };
  if (name == "constant") return [](double) { return 1.0; };
  return {};
}

// alpha-bar at u in [0, 1]; empty for other names.
Curve signal_power(const std::string& name) {
  if (name == "cosine") return [](double u) { return std::pow(std::cos((u + 0.008) / 1.008 * std::numbers::pi / 2), 2); };
  if (name == "laplace")
    return [](double u) {
      const double log_snr = -std::copysign(0.5, 0.5 - u) * std::log(1 - std::abs(1 - 2 * u) + 1e-6);
      return 1 / (1 + std::exp(-log_snr));
    };
  return {};
}

std::vector<double> table(const std::string& name, int64_t steps, double first, double last) {
  const double T = double(steps);
  const auto made = [steps](const auto& beta) {
    std::vector<double> betas;
    for (int64_t t = 0; t < steps; ++t) betas.push_back(beta(t));
    return betas;
  };
  const auto share = [&](int64_t t, int64_t count) { return count <= 1 ? 1 : std::min(1.0, double(t) / double(count - 1)); };

  if (name == "linear") return made([&](int64_t t) { return steps == 1 ? last : first + (last - first) * double(t) / (T - 1); });
  if (name == "quadratic") return made([&](int64_t t) { return std::pow(std::lerp(std::sqrt(first), std::sqrt(last), share(t, steps)), 2); });
  if (name == "warmup10" || name == "warmup50") {
    const auto rising = int64_t(T * (name == "warmup10" ? 0.1 : 0.5));
    return made([&](int64_t t) { return std::lerp(first, last, share(t, rising)); });
  }
  if (name == "jsd") return made([&](int64_t t) { return 1 / (T - double(t)); });
  if (const Curve curve = between_ends(name)) return made([&](int64_t t) { return first + (last - first) * curve(share(t, steps)); });
  if (const Curve alpha_bar = signal_power(name))
    return made([&](int64_t t) { return std::min(1 - alpha_bar(double(t + 1) / T) / alpha_bar(double(t) / T), largest_beta); });
  fail("no noise schedule '", name,
       "'; there are: linear cosine sine sine3 power1.5 power2 power10 quadratic sigmoid constant warmup10 warmup50 laplace jsd (any number after "
       "sine or power), with -unscaled or -zero-snr behind");
}

}  // namespace

std::vector<double> beta_schedule(const std::string& name, int64_t steps, const BetaRange& range) {
  ITO_CHECK(steps >= 1, "a noise schedule needs at least one step, got ", steps);
  ITO_CHECK(range.first > 0 && range.first < 1 && range.last > 0 && range.last < 1, "the end points of a noise schedule lie between 0 and 1, got ",
            range.first, " and ", range.last);
  std::string kind = name;
  bool scaled = true, rescaled = false;
  for (bool more = true; more;) {
    const bool as_it_is = take_suffix(kind, "-unscaled"), zero = take_suffix(kind, "-zero-snr");
    scaled = scaled && !as_it_is;
    rescaled = rescaled || zero;
    more = as_it_is || zero;
  }
  ITO_CHECK(scaled || !(kind == "jsd" || signal_power(kind)), "noise schedule '", kind, "' has no end points to leave unscaled");
  const auto end = [&](double beta) { return scaled ? std::min(largest_beta, beta * 1000 / double(steps)) : beta; };
  const std::vector<double> betas = table(kind, steps, end(range.first), end(range.last));
  return rescaled ? rescale_zero_terminal_snr(betas) : betas;
}

std::vector<double> rescale_zero_terminal_snr(const std::vector<double>& betas) {
  ITO_CHECK(betas.size() >= 2, "a schedule needs at least two steps for an SNR of zero at its end, got ", betas.size());
  std::vector<double> signal = alphas_cumprod(betas);
  for (double& value : signal) value = std::sqrt(value);
  const double first = signal.front(), last = signal.back();
  std::vector<double> out{betas.front()};
  double before = first;
  for (size_t t = 1; t < signal.size(); ++t) {
    const double now = (signal[t] - last) * (first / (first - last));
    out.push_back(1 - (now / before) * (now / before));
    before = now;
  }
  return out;
}

std::vector<double> alphas_cumprod(const std::vector<double>& betas) {
  std::vector<double> out;
  double product = 1;
  for (const double beta : betas) out.push_back(product *= 1 - beta);
  return out;
}

double terminal_signal(const std::vector<double>& betas) { return std::sqrt(alphas_cumprod(betas).back()); }

PriorKl prior_kl(const std::vector<double>& betas, double x0_squared) {
  const double left = alphas_cumprod(betas).back(), nats = (left * (x0_squared - 1) - std::log1p(-left)) / 2;
  return {nats, nats / std::numbers::ln2};
}

bool reaches_prior(const std::vector<double>& betas) { return terminal_signal(betas) <= largest_terminal_signal; }

}  // namespace ito
