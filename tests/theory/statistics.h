// What the tests of theory share: estimates with their standard errors, slopes, tables in f64.
#pragma once

#include <cmath>
#include <span>
#include <vector>

#include "tensor/random.h"

namespace ito::theory {

// A mean of independent values, and the deviation of that mean.
struct Estimate {
  double mean, error;
};
inline Estimate estimate(std::span<const double> values) {
  const double n = double(values.size());
  double mean = 0, squares = 0;
  for (const double v : values) mean += v / n;
  for (const double v : values) squares += (v - mean) * (v - mean);
  return {mean, std::sqrt(squares / (n - 1) / n)};
}
template <class F>
Estimate estimate_of(std::span<const double> values, F f) {
  std::vector<double> mapped;
  mapped.reserve(values.size());
  for (const double v : values) mapped.push_back(f(v));
  return estimate(mapped);
}
inline std::span<const double> values(const Tensor& x) { return {x.data<double>(), size_t(x.numel())}; }

// How many standard errors lie between an estimate and what it should be. A test that asks for less than 5 is wrong once in two million draws.
inline double deviations(const Estimate& e, double expected) { return std::abs(e.mean - expected) / e.error; }

// The slope of y over x by least squares.
inline double slope(const std::vector<double>& x, const std::vector<double>& y) {
  const double n = double(x.size());
  double mx = 0, my = 0, xy = 0, xx = 0;
  for (size_t i = 0; i < x.size(); ++i) mx += x[i] / n, my += y[i] / n;
  for (size_t i = 0; i < x.size(); ++i) xy += (x[i] - mx) * (y[i] - my), xx += (x[i] - mx) * (x[i] - mx);
  return xy / xx;
}

// f of every element, f64.
template <class F>
Tensor mapped(const Tensor& x, F f) {
  Tensor y = Tensor::empty_like(x);
  const double* from = x.data<double>();
  double* to = y.data<double>();
  for (int64_t i = 0; i < x.numel(); ++i) to[i] = f(from[i]);
  return y;
}

inline double normal_density(double x, double mean, double variance) {
  return std::exp(-(x - mean) * (x - mean) / (2 * variance)) / std::sqrt(2 * M_PI * variance);
}

// Pearson's statistic of samples against a density, in bins of equal width over [low, high] that expect 10 samples or more, as deviations from its
// mean: (chi^2 - degrees) / sqrt(2 degrees), about N(0, 1) where the density is right.
template <class F>
double histogram_deviations(std::span<const double> samples, F density, double low, double high, int bins = 40) {
  const double width = (high - low) / bins, total = double(samples.size());
  std::vector<double> counts(static_cast<size_t>(bins));
  for (const double x : samples)
    if (x >= low && x < high) ++counts[std::min(size_t((x - low) / width), counts.size() - 1)];
  double statistic = 0, degrees = 0, elsewhere_seen = total, elsewhere_expected = total;
  for (int b = 0; b < bins; ++b) {
    double probability = 0;  // Simpson's rule
    for (int k = 0; k <= 4; ++k) probability += density(low + (b + k / 4.0) * width) * (k % 4 == 0 ? 1 : k % 2 ? 4 : 2) * width / 12;
    const double expected = total * probability, seen = counts[size_t(b)];
    if (expected < 10) continue;
    statistic += (seen - expected) * (seen - expected) / expected;
    elsewhere_seen -= seen, elsewhere_expected -= expected;
    ++degrees;
  }
  if (elsewhere_expected >= 10)
    statistic += (elsewhere_seen - elsewhere_expected) * (elsewhere_seen - elsewhere_expected) / elsewhere_expected;
  else
    --degrees;
  return (statistic - degrees) / std::sqrt(2 * degrees);
}

inline Tensor normals(const Shape& shape, uint64_t seed, uint32_t call = 0) {
  return normal_from(shape, {.seed = seed, .stream = 0, .call = call}, 0, DType::f64);
}

}  // namespace ito::theory
