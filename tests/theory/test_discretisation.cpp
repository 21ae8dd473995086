// DDPM and SMLD as discretisations of the variance-preserving and the variance-exploding equation. Song et al. 2021 (score SDE), appendix B.
#include <doctest/doctest.h>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/unary.h"
#include "diffusion/processes.h"
#include "diffusion/schedule.h"
#include "diffusion/sde.h"
#include "tests/theory/statistics.h"

using namespace ito;
using namespace ito::theory;

namespace {

// beta(t) = 0.1 + 19.9 t:  x(t) | x(0) ~ N(e^{-B/2} x(0), 1 - e^{-B}), B = int_0^t beta.
double beta(double t) { return 0.1 + 19.9 * t; }
double log_alpha_bar(double t) { return -(0.1 * t + 9.95 * t * t); }

// x(i) = a_i x(i-1) + b_i z: scale and variance of the last given the first.
struct Moments {
  double scale = 1, variance = 0;
  void step(double a, double b) { scale *= a, variance = a * a * variance + b * b; }
};

template <class Step>
Moments chain(int64_t n, double until, Step step) {
  const Ddpm process(beta_schedule("linear", n));
  Moments m;
  for (int64_t i = 0; i < int64_t(std::llround(until * double(n))); ++i) step(m, process.beta(i));
  return m;
}

}  // namespace

TEST_SUITE("theory") {
  TEST_CASE("the moments of DDPM's N steps tend to those of the variance-preserving equation, at order 1 in 1/N (A-083)") {
    const double until = 0.4;
    std::vector<double> log_n, scale_error, variance_error, euler_error;
    for (const int64_t n : {100, 200, 400, 800, 1600}) {
      const Ddpm process(beta_schedule("linear", n));
      const double alpha_bar = process.alpha_bar(int64_t(std::llround(until * double(n))) - 1), exact = std::exp(log_alpha_bar(until));
      const Moments m = chain(n, until, [](Moments& x, double b) { x.step(std::sqrt(1 - b), std::sqrt(b)); });
      CHECK(m.scale == doctest::Approx(std::sqrt(alpha_bar)).epsilon(1e-12));  // the closed form q(x_t | x_0)
      CHECK(m.variance == doctest::Approx(1 - alpha_bar).epsilon(1e-12));
      const Moments euler = chain(n, until, [](Moments& x, double b) { x.step(1 - b / 2, std::sqrt(b)); });  // of the equation
      log_n.push_back(std::log(double(n)));
      scale_error.push_back(std::log(std::abs(m.scale - std::sqrt(exact))));
      variance_error.push_back(std::log(std::abs(m.variance - (1 - exact))));
      euler_error.push_back(std::log(std::abs(euler.variance - (1 - exact))));
    }
    for (const auto& error : {scale_error, variance_error, euler_error}) CHECK(slope(log_n, error) == doctest::Approx(-1).epsilon(0.1));

    const double scale = std::exp(log_alpha_bar(until) / 2), variance = 1 - scale * scale;
    // ERR-19: sqrt(beta) x + sqrt(1 - beta) z forgets x in a few steps.
    CHECK(chain(1000, 0.01, [](Moments& x, double b) { x.step(std::sqrt(b), std::sqrt(1 - b)); }).scale < 1e-9);
    CHECK(std::exp(log_alpha_bar(0.01) / 2) > 0.99);
    // ERR-20: with + beta X/2 scale and variance grow.
    const Moments grown = chain(1000, until, [](Moments& x, double b) { x.step(1 + b / 2, std::sqrt(b)); });
    CHECK(grown.scale == doctest::Approx(1 / scale).epsilon(0.05));
    CHECK(grown.variance > 3 * variance);
    // ERR-58: alpha = 1 - beta in the place of beta takes away half of x at every step.
    CHECK(chain(1000, 0.03, [](Moments& x, double b) { x.step(1 - (1 - b) / 2, std::sqrt(1 - b)); }).scale < 1e-8);
  }

  TEST_CASE("path by path DDPM's chain is Euler-Maruyama's to order 1: sqrt(1 - b) = 1 - b/2 - b^2/8 - ... (A-083, A-085)") {
    for (const double b : {1e-2, 1e-3}) CHECK((1 - b / 2 - std::sqrt(1 - b)) / (b * b) == doctest::Approx(0.125).epsilon(b));
    constexpr int64_t paths = 500;
    std::vector<double> log_n, distance;
    for (const int64_t n : {100, 200, 400, 800}) {
      const Sde sde{.drift = [](const Tensor& x, double t) { return x * (-beta(t) / 2); },
                    .diffusion = of_time([](double t) { return std::sqrt(beta(t)); })};
      const Ddpm process(beta_schedule("linear", n));
      Tensor ddpm = normals({paths}, 102), euler = ddpm;
      for (int64_t i = 0; i < n / 2; ++i) {
        const Tensor z = normals({paths}, 103, uint32_t(i));
        ddpm = ddpm * std::sqrt(1 - process.beta(i)) + z * std::sqrt(process.beta(i));
        euler = euler_maruyama_step(sde, euler, double(i) / double(n - 1), 1 / double(n), z / std::sqrt(double(n)));
      }
      log_n.push_back(std::log(double(n)));
      distance.push_back(std::log(estimate(values(abs(ddpm - euler))).mean));
    }
    CHECK(slope(log_n, distance) == doctest::Approx(-1).epsilon(0.15));
  }

  TEST_CASE("SMLD's increments sqrt(s_i^2 - s_(i-1)^2) z have the variance-exploding equation's variances exactly, Euler's at order 1 (A-083)") {
    const double smallest = 0.01, largest = 50, rate = std::log(largest / smallest);
    const auto sigma = [&](double t) { return smallest * std::exp(rate * t); };
    std::vector<double> log_n, euler_error;
    for (const int64_t n : {500, 1000, 2000, 4000}) {
      Moments smld{.variance = smallest * smallest}, euler = smld;
      for (int64_t i = 1; i <= n; ++i) {
        const double before = sigma(double(i - 1) / double(n)), now = sigma(double(i) / double(n));
        smld.step(1, std::sqrt(now * now - before * before));
        euler.step(1, before * std::sqrt(2 * rate / double(n)));  // g(t) = sigma sqrt(d log sigma^2 / dt)
        if (i % (n / 4) == 0) CHECK(smld.variance == doctest::Approx(now * now).epsilon(1e-11));
      }
      log_n.push_back(std::log(double(n)));
      euler_error.push_back(std::log(std::abs(euler.variance / (largest * largest) - 1)));
    }
    CHECK(slope(log_n, euler_error) == doctest::Approx(-1).epsilon(0.05));
  }
}
