// Steps of stochastic differential equations: strong orders on geometric Brownian motion, where the solution is a function of the same Brownian path.
#include <doctest/doctest.h>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/slice.h"
#include "autograd/ops/unary.h"
#include "diffusion/sde.h"
#include "tests/theory/statistics.h"

using namespace ito;
using namespace ito::theory;

namespace {

using Step = Tensor (*)(const Sde&, const Tensor&, double, double, const Tensor&);

constexpr double mu = 0.5, sigma = 0.8;

// dX = mu X dt + sigma X dW:  X(t) = X(0) exp((mu - sigma^2/2) t + sigma W(t)); run back in time, its drift is that of -mu.
Sde geometric() {
  return {.drift = [](const Tensor& x, double) { return x * mu; },
          .diffusion = [](const Tensor& x, double) { return x * sigma; },
          .slope = [](const Tensor& x, double) { return Tensor::full(x.shape(), sigma, x.dtype()); }};
}

// ERR-21: the correction over sqrt(2 dt) instead of 2 sqrt(dt).
Tensor platen_as_printed(const Sde& sde, const Tensor& x, double t, double dt, const Tensor& dw) {
  const Tensor euler = euler_maruyama_step(sde, x, t, dt, dw);
  return euler + (platen_step(sde, x, t, dt, dw) - euler) * std::sqrt(2.0);
}

// dw (steps, paths) -> (steps / 2, paths): the increments of the same paths on a grid twice as coarse.
Tensor halved(const Tensor& dw) {
  const int64_t steps = dw.extent(0) / 2, paths = dw.extent(1);
  const Tensor pairs = dw.view({steps, 2 * paths});
  return slice(pairs, 1, 0, paths) + slice(pairs, 1, paths, 2 * paths);
}

// The slope of log E|X_h(T) - X(T)| over log h, h = T/16 ... T/256. Each tenth of the paths gives a slope; their spread gives the error of the mean.
Estimate strong_order(Step step, double direction) {
  constexpr int64_t paths = 4000, groups = 10, finest = 256;
  Tensor dw = normals({finest, paths}, 11) * std::sqrt(1.0 / double(finest));
  std::vector<std::vector<double>> log_errors(groups);
  std::vector<double> log_steps;
  Tensor end;  // W(T)
  for (int64_t steps = finest; steps >= 16; steps /= 2, dw = halved(dw)) {
    Tensor x = Tensor::ones({paths}, DType::f64), w = Tensor::zeros({paths}, DType::f64);
    for (int64_t k = 0; k < steps; ++k) {
      const Tensor increment = dw.rows(k, k + 1).view({paths});
      x = step(geometric(), x, 0, direction / double(steps), increment);
      w = w + increment;
    }
    const Tensor distance = abs(x - exp(w * sigma + (direction * mu - sigma * sigma / 2)));
    for (int64_t g = 0; g < groups; ++g)
      log_errors[size_t(g)].push_back(std::log(estimate(values(distance.rows(g * paths / groups, (g + 1) * paths / groups))).mean));
    log_steps.push_back(-std::log(double(steps)));
  }
  std::vector<double> slopes;
  for (const auto& errors : log_errors) slopes.push_back(slope(log_steps, errors));
  return estimate(slopes);
}

}  // namespace

TEST_SUITE("theory") {
  TEST_CASE("strong orders on geometric Brownian motion: Euler-Maruyama 1/2, Milstein 1, Platen 1, in both directions (A-085, A-086, A-087)") {
    for (const double direction : {1.0, -1.0}) {
      // 0.05: the share of the next order, of the size of the square root of the coarsest step, in a slope over four halvings.
      const auto check = [&](Step step, double order) {
        const Estimate e = strong_order(step, direction);
        CAPTURE(e.mean);
        CAPTURE(e.error);
        CHECK(std::abs(e.mean - order) < 0.05 + 4 * e.error);
        CHECK(e.error < 0.03);
      };
      check(euler_maruyama_step, 0.5);
      check(milstein_step, 1);
      check(platen_step, 1);
      // ERR-21: what is printed leaves (sqrt(2) - 1) of the term that Euler's step lacks, which is of order 1/2, beside errors of order 1: in between
      // here.
      const Estimate wrong = strong_order(platen_as_printed, direction);
      CAPTURE(wrong.mean);
      CAPTURE(wrong.error);
      CHECK(wrong.mean + 5 * wrong.error < 0.75);
    }
  }

  TEST_CASE("for additive noise Milstein's and Platen's steps are Euler's (A-086, A-087)") {
    const Sde sde{.drift = [](const Tensor& x, double t) { return x * (-t); }, .diffusion = of_time([](double t) { return 1 + t; })};
    const Tensor x = normals({50}, 1), dw = normals({50}, 2);
    const std::vector<double> euler = euler_maruyama_step(sde, x, 0.3, 0.1, dw).to_vector<double>();
    CHECK(milstein_step(sde, x, 0.3, 0.1, dw).to_vector<double>() == euler);
    const std::vector<double> platen = platen_step(sde, x, 0.3, 0.1, dw).to_vector<double>();
    for (size_t i = 0; i < euler.size(); ++i) CHECK(platen[i] == doctest::Approx(euler[i]).epsilon(1e-14));
    const Tensor single = platen_step(sde, x.to(DType::f32), 0.3, 0.1, dw.to(DType::f32));  // f32 stays f32
    CHECK(single.dtype() == DType::f32);
    CHECK(single.to_vector<double>()[7] == doctest::Approx(euler[7]).epsilon(1e-5));
  }
}
