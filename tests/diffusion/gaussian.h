// Data N(mean, deviation^2) in every element, on which all is known: x_t ~ N(a mean, a^2 deviation^2 + d^2) with scale a and deviation d, and
//   E[x_0 | x_t] = mean + a deviation^2 / (a^2 deviation^2 + d^2) (x_t - a mean).
#pragma once

#include <cmath>
#include <map>

#include <doctest/doctest.h>

#include "autograd/ops/arithmetic.h"
#include "diffusion/sampler.h"

namespace ito {

struct GaussianData {
  double mean = 0.3, deviation = 0.5;

  double variance_at(const Marginal& m) const { return m.scale * m.scale * deviation * deviation + m.deviation * m.deviation; }
  // d E[x_0 | x_t] / d x_t
  double gain(const Marginal& m) const { return m.scale * deviation * deviation / variance_at(m); }
  Tensor x0(const Tensor& x, const Marginal& m) const { return (x - m.scale * mean) * gain(m) + mean; }

  Denoiser denoiser(const NoiseProcess& process) const {
    return [*this, &process](const Tensor& x, double t) {
      const Marginal m = process.marginal(t);
      return from_x0(x0(x, m), x, m);
    };
  }
  // By way of what a perfect network of this prediction says.
  Denoiser denoiser(const NoiseProcess& process, Prediction prediction) const {
    return [*this, &process, prediction](const Tensor& x, double t) {
      const Marginal m = process.marginal(t);
      const ToX0 affine = to_x0(prediction, m, deviation);
      const Tensor output = (x0(x, m) - x * affine.x_weight) / affine.output_weight;
      return from_prediction(prediction, output, x, m, deviation);
    };
  }
};

struct Law {
  double mean, variance;
};

// Of a sampler's result from the exact marginal at last(). With the exact denoiser it is an affine map of the random numbers, so its law follows from
// the answers to one unit noise at a time, with no statistical error: element 0 of the batch meets no noise at all, element 1 the start's, each other
// one that of one draw.
inline Law law_of(const GaussianData& data, const NoiseProcess& process, const Denoiser& denoiser, SamplerOptions o) {
  const Marginal last = process.marginal(process.last());
  const double growth = std::pow(last.deviation / process.marginal(process.first()).deviation, o.langevin_growth);  // at most
  const int64_t draws = 2 + (o.sampler == "annealed-langevin" ? o.steps * int64_t(double(o.langevin_steps) * growth + 1)
                             : o.sampler == "langevin"        ? o.langevin_steps + 1
                                                              : o.steps * (o.resample * (2 + o.corrector_steps) - 1));
  const Shape shape{draws, 1, 1, 1};
  o.clip = false;
  o.start = Tensor::full(shape, last.scale * data.mean);
  o.start.data<float>()[1] += float(std::sqrt(data.variance_at(last)));
  std::map<std::pair<uint32_t, uint32_t>, int64_t> known;
  o.noise = [&](uint32_t stream, uint32_t call) {
    const int64_t index = known.try_emplace({stream, call}, 2 + int64_t(known.size())).first->second;
    REQUIRE(index < draws);
    const Tensor z = Tensor::full(shape, 0);
    z.data<float>()[index] = 1;
    return z;
  };
  const std::vector<double> x = sample(process, denoiser, shape, o).to_vector<double>();
  double variance = 0;
  for (size_t i = 1; i < x.size(); ++i) variance += (x[i] - x[0]) * (x[i] - x[0]);
  return {x[0], variance};
}

}  // namespace ito
