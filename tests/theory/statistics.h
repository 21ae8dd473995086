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

inline Tensor normals(const Shape& shape, uint64_t seed, uint32_t call = 0) {
  return normal_from(shape, {.seed = seed, .stream = 0, .call = call}, 0, DType::f64);
}

}  // namespace ito::theory
