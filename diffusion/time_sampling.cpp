#include "diffusion/time_sampling.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ito {

SampledTimes uniform_times(int64_t n, int64_t steps, const Generator& key) {
  return {randint_from({n}, 0, steps, key, 0), Tensor::ones({n}, DType::f64)};
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
  const Tensor u = uniform_from({n}, key, 0, 0, 1, DType::f64);
  const SampledTimes out{Tensor::empty({n}, DType::i64), Tensor::empty({n}, DType::f64)};
  for (int64_t i = 0; i < n; ++i) {
    const auto place = std::upper_bound(up_to.begin(), up_to.end(), u.data<double>()[i]) - up_to.begin();
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
