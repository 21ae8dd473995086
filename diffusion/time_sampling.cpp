#include "diffusion/time_sampling.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace ito {

std::vector<double> spread_uniform(int64_t n, const Generator& key) {
  const double first = uniform_from({1}, key, 0, 0, 1, DType::f64).item();
  std::vector<double> u;
  for (int64_t i = 0; i < n; ++i) {
    const double place = first + double(i) / double(n);
    u.push_back(std::clamp(place < 1 ? place : place - 1, 0x1p-54, 1 - 0x1p-53));
  }
  return u;
}

// Abramowitz & Stegun 26.2.23, then Newton's steps with Halley's correction (Phi'' = -z Phi').
double normal_quantile(double u) {
  if (u > 0.5) return -normal_quantile(1 - u);
  const double s = std::sqrt(-2 * std::log(u));
  double z = (2.515517 + s * (0.802853 + s * 0.010328)) / (1 + s * (1.432788 + s * (0.189269 + s * 0.001308))) - s;
  for (int i = 0; i < 2; ++i) {
    const double step = (0.5 * std::erfc(-z / std::numbers::sqrt2) - u) * std::sqrt(2 * std::numbers::pi) * std::exp(0.5 * z * z);
    z -= step / (1 + 0.5 * z * step);
  }
  return z;
}

SampledTimes uniform_times(int64_t n, int64_t steps, const Generator& key) {
  SampledTimes out{Tensor::empty({n}, DType::i64), Tensor::ones({n}, DType::f64)};
  const std::vector<double> u = spread_uniform(n, key);
  std::transform(u.begin(), u.end(), out.t.data<int64_t>(), [&](double v) { return std::min(steps - 1, int64_t(v * double(steps))); });
  return out;
}

ImportanceTimes::ImportanceTimes(int64_t steps) : steps_(steps) {
  ITO_CHECK(steps >= 1, "there must be at least one time to draw from, got ", steps);
  state_ = Tensor::zeros({steps, history + 1}, DType::f64);
}

bool ImportanceTimes::full() const {
  const double* row = state_.data<double>();
  for (int64_t t = 0; t < steps_; ++t, row += history + 1)
    if (row[history] < double(history)) return false;
  return true;
}

std::vector<double> ImportanceTimes::probabilities() const {
  std::vector<double> p(size_t(steps_), 1 / double(steps_));
  if (!full()) return p;
  const double* row = state_.data<double>();
  for (int64_t t = 0; t < steps_; ++t, row += history + 1) p[size_t(t)] = std::sqrt(std::inner_product(row, row + history, row, 0.0) / history);
  const double sum = std::accumulate(p.begin(), p.end(), 0.0);
  for (double& value : p) value = (sum > 0 ? value / sum : 1 / double(steps_)) * (1 - even_share) + even_share / double(steps_);
  return p;
}

SampledTimes ImportanceTimes::draw(int64_t n, const Generator& key) const {
  if (!full()) return uniform_times(n, steps_, key);
  const std::vector<double> p = probabilities();
  std::vector<double> up_to(p.size());
  std::partial_sum(p.begin(), p.end(), up_to.begin());
  const std::vector<double> u = spread_uniform(n, key);
  const SampledTimes out{Tensor::empty({n}, DType::i64), Tensor::empty({n}, DType::f64)};
  for (int64_t i = 0; i < n; ++i) {
    const auto place = std::upper_bound(up_to.begin(), up_to.end(), u[size_t(i)]) - up_to.begin();
    const int64_t t = std::min(place, std::ptrdiff_t(steps_ - 1));  // the sum may be a rounding below 1
    out.t.data<int64_t>()[i] = t;
    out.weight.data<double>()[i] = 1 / (double(steps_) * p[size_t(t)]);
  }
  return out;
}

void ImportanceTimes::record(const Tensor& t, const Tensor& losses) {
  ITO_CHECK(t.numel() == losses.numel(), "expected one loss a time, got ", losses.numel(), " for ", t.numel());
  const std::vector<double> values = losses.to_vector<double>();
  const int64_t* times = t.data<int64_t>();
  for (int64_t i = 0; i < t.numel(); ++i)
    ITO_CHECK(times[i] >= 0 && times[i] < steps_ && std::isfinite(values[size_t(i)]), "cannot record a loss of ", values[size_t(i)], " at time ",
              times[i], " of ", steps_);
  for (int64_t i = 0; i < t.numel(); ++i) {
    double* row = state_.data<double>() + times[i] * (history + 1);
    row[int64_t(row[history]) % history] = values[size_t(i)];
    row[history] += 1;
  }
}

void ImportanceTimes::load_state(const Tensor& state) {
  ITO_CHECK(state.dtype() == DType::f64 && state.shape() == state_.shape(), "a history of losses of ", state_.shape(), " f64 was expected, got ",
            state.shape(), " ", state.dtype());
  state_ = state.clone();
}

}  // namespace ito
