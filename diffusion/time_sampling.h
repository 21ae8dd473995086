// Which times a training step sees. A loss summed over all times, sum_t L_t, is estimated from times drawn with probability p(t) by L_t / p(t); the
// nearer p is to sqrt(E L_t^2), the less it scatters. Nichol & Dhariwal 2021, section 3.3.
#pragma once

#include <vector>

#include "tensor/random.h"

namespace ito {

// n numbers from (0, 1), each of them uniform and all together evenly spread, (u + i/n) mod 1 with one u: a batch's mean loss scatters less than with
// times that know nothing of each other. Kingma et al. 2021, "Variational Diffusion Models", appendix I.1.
std::vector<double> spread_uniform(int64_t n, const Generator& key);

// z with Phi(z) = u, the normal distribution's quantile, for u in (0, 1); relative error below 1e-14.
double normal_quantile(double u);

struct SampledTimes {
  Tensor t;       // (N) i64
  Tensor weight;  // (N) f64, 1 / (T p(t)): the mean of weight * loss estimates the mean over all times
};

// p = 1/T, spread over the times as evenly as n allows.
SampledTimes uniform_times(int64_t n, int64_t steps, const Generator& key);

// p(t) ~ sqrt(mean of the last losses' squares at t), with a share of 0.1 % spread evenly; uniform until every time has a full history.
class ImportanceTimes {
 public:
  static constexpr int64_t history = 10;
  static constexpr double even_share = 1e-3;

  explicit ImportanceTimes(int64_t steps);

  SampledTimes draw(int64_t n, const Generator& key) const;
  // t (N) i64 and losses (N), not weighted, on the cpu. Throws Error for times out of range and losses that are not finite; nothing is recorded then.
  void record(const Tensor& t, const Tensor& losses);
  std::vector<double> probabilities() const;

  // All there is to save and put back: f64 (T, history + 1), the last losses of each time, and how many there have been.
  Tensor state() const { return state_.clone(); }
  void load_state(const Tensor& state);  // throws Error for another shape or type

 private:
  bool full() const;

  int64_t steps_;
  Tensor state_;
};

}  // namespace ito
