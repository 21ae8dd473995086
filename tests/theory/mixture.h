// Mixtures of round Gaussians, whose density and score are known, also after any x -> scale x + N(0, deviation^2 I).
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/theory/statistics.h"

namespace ito::theory {

struct Mixture {
  std::vector<double> weights;
  std::vector<std::vector<double>> means;  // one of d numbers a component
  double variance = 1;

  size_t dimensions() const { return means[0].size(); }

  Mixture noised(double scale, double deviation) const {
    Mixture m = *this;
    for (auto& mean : m.means)
      for (double& v : mean) v *= scale;
    m.variance = scale * scale * variance + deviation * deviation;
    return m;
  }

  // weight_k exp(-|x - mean_k|^2 / (2 variance) - top) for each k, with top the largest of the exponents, which is returned.
  double components(const double* x, std::vector<double>& share) const {
    share.resize(weights.size());
    for (size_t k = 0; k < weights.size(); ++k) {
      double distance = 0;
      for (size_t i = 0; i < means[k].size(); ++i) distance += (x[i] - means[k][i]) * (x[i] - means[k][i]);
      share[k] = -distance / (2 * variance);
    }
    const double top = *std::max_element(share.begin(), share.end());
    for (size_t k = 0; k < weights.size(); ++k) share[k] = weights[k] * std::exp(share[k] - top);
    return top;
  }

  double log_density(const double* x) const {
    std::vector<double> share;
    const double top = components(x, share);
    return top + std::log(std::accumulate(share.begin(), share.end(), 0.0)) - double(dimensions()) / 2 * std::log(2 * M_PI * variance);
  }
  double density(double x) const { return std::exp(log_density(&x)); }

  // E[mean of the component | x] - x, over the variance: grad log p; x (N, d), or (N) for d = 1.
  Tensor score(const Tensor& x) const {
    const size_t d = dimensions();
    Tensor s = Tensor::zeros_like(x);
    std::vector<double> share;
    for (int64_t n = 0; n < x.numel(); n += int64_t(d)) {
      const double* at = x.data<double>() + n;
      components(at, share);
      const double total = std::accumulate(share.begin(), share.end(), 0.0);
      for (size_t k = 0; k < share.size(); ++k)
        for (size_t i = 0; i < d; ++i) s.data<double>()[size_t(n) + i] += share[k] / total * (means[k][i] - at[i]) / variance;
    }
    return s;
  }

  // (N, d), the component by an even cut of [0, 1): row n of N belongs to the component in which (n + 1/2)/N falls.
  Tensor draw(int64_t count, uint64_t seed) const {
    const size_t d = dimensions();
    Tensor x = normals({count, int64_t(d)}, seed);
    for (int64_t n = 0; n < count; ++n) {
      double rest = (double(n) + 0.5) / double(count);
      size_t k = 0;
      while (k + 1 < weights.size() && rest >= weights[k]) rest -= weights[k++];
      for (size_t i = 0; i < d; ++i) {
        double& v = x.data<double>()[size_t(n) * d + i];
        v = means[k][i] + std::sqrt(variance) * v;
      }
    }
    return x;
  }

  double mean(size_t i = 0) const {
    double m = 0;
    for (size_t k = 0; k < weights.size(); ++k) m += weights[k] * means[k][i];
    return m;
  }
  double second_moment(size_t i = 0) const {
    double m = variance;
    for (size_t k = 0; k < weights.size(); ++k) m += weights[k] * means[k][i] * means[k][i];
    return m;
  }
};

}  // namespace ito::theory
