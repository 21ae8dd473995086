// Time reversed: the reverse equation and the probability-flow ODE with the exact score give back the law they started from.
#include <doctest/doctest.h>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/unary.h"
#include "diffusion/sde.h"
#include "tests/theory/mixture.h"

using namespace ito;
using namespace ito::theory;

namespace {

// dX = -beta(t) X/2 dt + sqrt(beta(t)) dW, t in [0, 1]: the variance-preserving process of Song et al. 2021 (score SDE), eq. 32.
double beta(double t) { return 0.1 + 19.9 * t; }
double scale(double t) { return std::exp(-0.5 * (0.1 * t + 9.95 * t * t)); }
Sde preserving() {
  return {.drift = [](const Tensor& x, double t) { return x * (-beta(t) / 2); }, .diffusion = of_time([](double t) { return std::sqrt(beta(t)); })};
}

const Mixture data{.weights = {0.3, 0.7}, .means = {{-1}, {1.5}}, .variance = 0.09};
Mixture law_at(double t) { return data.noised(scale(t), std::sqrt(1 - scale(t) * scale(t))); }
Tensor score(const Tensor& x, double t) { return law_at(t).score(x); }

constexpr int64_t paths = 10000;
constexpr int steps = 400;

// Times from 1 to 0 whose steps shrink with beta: step k ends at 1 - (k/steps) (2 - k/steps), so that it is short where the law has two peaks.
double time_after(int k) { return std::pow(1 - double(k) / steps, 2); }

// clock: -1 for an equation whose dt is negative, 1 for one in s = 1 - t.
Tensor run_back(const Sde& sde, Tensor x, double clock) {
  for (int k = 0; k < steps; ++k) {
    const double t = time_after(k), ds = t - time_after(k + 1);
    x = euler_maruyama_step(sde, x, t, clock * ds, normals(x.shape(), 61, uint32_t(k)) * std::sqrt(ds));
  }
  return x;
}

Estimate mean_of(const Tensor& x) { return estimate(values(x)); }
Estimate square_of(const Tensor& x) {
  return estimate_of(values(x), [](double v) { return v * v; });
}
double misfit(const Tensor& x) {
  return histogram_deviations(
      values(x), [](double v) { return data.density(v); }, -2.5, 3);
}

// dX = X/4 dt + X/2 dW from ln X(0) ~ N(0, 0.2): ln X(t) ~ N(0.125 t, 0.2 + t/4). Its noise depends on the place.
double log_mean(double t) { return (0.25 - 0.125) * t; }
double log_variance(double t) { return 0.2 + 0.25 * t; }
Sde geometric() {
  return {.drift = [](const Tensor& x, double) { return x * 0.25; },
          .diffusion = [](const Tensor& x, double) { return x * 0.5; },
          .slope = [](const Tensor& x, double) { return Tensor::full(x.shape(), 0.5, x.dtype()); }};
}
Tensor lognormal_score(const Tensor& x, double t) {
  return mapped(x, [&](double v) { return -1 / v - (std::log(v) - log_mean(t)) / (log_variance(t) * v); });
}

}  // namespace

TEST_SUITE("theory") {
  TEST_CASE("Anderson's reversal with the exact score leads from p_T back to p_0: moments and histogram of a mixture (A-010, A-080, A-085)") {
    const Tensor end = law_at(1).draw(paths, 62);
    const Tensor x = run_back(reversed(preserving(), score), end, -1);
    // Euler's own error, of order 1/400: 0.01 of either moment. The random numbers give 1.2/100 and 1.5/100.
    CHECK(std::abs(mean_of(x).mean - data.mean()) < 0.01 + 5 * mean_of(x).error);
    CHECK(std::abs(square_of(x).mean - data.second_moment()) < 0.01 * data.second_moment() + 5 * square_of(x).error);
    CHECK(misfit(x) < 5);
    CHECK(misfit(end) > 50);

    const Tensor few = end.rows(0, 1000);

    // The same in forward clock s = T - t: drift g^2 score - f, both at T - s.
    const Sde in_forward_clock{.drift = [](const Tensor& v, double t) { return preserving().drift(v, t) * -1.0 + score(v, t) * beta(t); },
                               .diffusion = preserving().diffusion};
    const Tensor y = run_back(in_forward_clock, few, 1);
    const std::vector<double> same = x.to_vector<double>();
    for (int64_t i = 0; i < 1000; i += 17) CHECK(y.data<double>()[i] == doctest::Approx(same[size_t(i)]).epsilon(1e-9));

    // ERR-17: eqs. 3.26-27 have f - g^2 score in the forward clock.
    const Tensor wrong = run_back(reversed(preserving(), score), few, 1);
    CHECK_FALSE(square_of(wrong).mean < 1000);  // it runs away, to infinity or far
    // Half of the score belongs to the ODE; with noise it leaves the law too wide.
    const Sde half{.drift = probability_flow(preserving(), score), .diffusion = preserving().diffusion};
    CHECK(deviations(square_of(run_back(half, few, -1)), data.second_moment()) > 20);
  }

  TEST_CASE("the probability-flow ODE has the same laws, in both directions, and is one path through them (A-084, A-088)") {
    const Tensor start = data.draw(paths, 63);
    const Field flow = probability_flow(preserving(), score);
    const OdeSolution there = rk45(flow, start, 0, 1);
    const Mixture last = law_at(1);
    CHECK(histogram_deviations(
              values(there.x), [&](double v) { return last.density(v); }, -3.5, 3.5) < 5);
    const OdeSolution back = rk45(flow, there.x, 1, 0);
    CHECK(misfit(back.x) < 5);
    CHECK(back.evaluations < 400);
    // rtol = atol = 1e-5 a step, magnified where the flow parts from the middle between the modes.
    for (int64_t i = 0; i < paths; i += 97) CHECK(back.x.data<double>()[i] == doctest::Approx(start.data<double>()[i]).epsilon(0.01));
  }

  TEST_CASE("where the noise depends on the place the reverse drift has the divergence of b b^T, too (A-010, A-086, A-087)") {
    constexpr int count = 200;
    const Tensor z = normals({20000}, 64);
    const Tensor end = exp(z * std::sqrt(log_variance(1)) + log_mean(1));
    const auto run = [&](const Sde& sde, auto step) {
      Tensor x = end;
      for (int k = 0; k < count; ++k)
        x = step(sde, x, 1 - double(k) / count, -1.0 / count, normals(x.shape(), 65, uint32_t(k)) / std::sqrt(double(count)));
      return log(x);
    };
    const Sde reverse = reversed(geometric(), lognormal_score);
    for (const auto step : {milstein_step, platen_step, euler_maruyama_step}) {
      const Tensor x = run(reverse, step);
      CHECK(std::abs(mean_of(x).mean - log_mean(0)) < 0.005 + 5 * mean_of(x).error);
      CHECK(std::abs(square_of(x).mean - log_variance(0)) < 0.005 + 5 * square_of(x).error);
    }
    // ERR-07: eq. 2.27 has no divergence.
    Sde without = geometric();
    without.slope = {};
    CHECK(std::abs(mean_of(run(reversed(without, lognormal_score), euler_maruyama_step)).mean - log_mean(0)) > 0.1);
    // The ODE needs half of it.
    const Tensor x = log(rk45(probability_flow(geometric(), lognormal_score), end, 1, 0).x);
    const double shrink = std::sqrt(log_variance(0) / log_variance(1));  // of a Gaussian law: what is in the middle stays, all else comes nearer
    for (int64_t i = 0; i < 20000; i += 997)
      CHECK(x.data<double>()[i] == doctest::Approx(log_mean(0) + z.data<double>()[i] * std::sqrt(log_variance(1)) * shrink).epsilon(1e-3));
  }
}
