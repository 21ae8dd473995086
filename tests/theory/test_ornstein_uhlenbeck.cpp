// The Ornstein-Uhlenbeck process: closed forms against simulation.
#include <doctest/doctest.h>

#include "autograd/ops/arithmetic.h"
#include "diffusion/ornstein_uhlenbeck.h"
#include "tests/theory/statistics.h"

using namespace ito;
using namespace ito::theory;

namespace {
const OrnsteinUhlenbeck process{.kappa = 0.6, .theta = 0.7, .sigma = 0.9};

Estimate product(const Tensor& a, const Tensor& b, double mean_a, double mean_b) {
  std::vector<double> products;
  for (int64_t i = 0; i < a.numel(); ++i) products.push_back((a.data<double>()[i] - mean_a) * (b.data<double>()[i] - mean_b));
  return estimate(products);
}
}  // namespace

TEST_SUITE("theory") {
  TEST_CASE("Ornstein-Uhlenbeck: mean, variance and covariance of the exact transition and of Euler-Maruyama (A-016)") {
    // From x at time s = 0.4 on, seen at t and u. The exact transition has no error but the draw's; Euler's is of order dt.
    const double s = 0.4, t = 0.9, u = 1.6, x = -1;
    constexpr int64_t paths = 40000, steps = 120;
    const Tensor start = Tensor::full({paths}, x, DType::f64);
    const Tensor at_t = process.transition(start, t - s, normals({paths}, 31)), at_u = process.transition(at_t, u - t, normals({paths}, 32));
    Tensor euler = start, euler_at_t;
    const double dt = (u - s) / steps;
    for (int64_t k = 0; k < steps; ++k) {
      if (k == 50) euler_at_t = euler;  // s + 50 dt = t
      euler = euler_maruyama_step(process.sde(), euler, 0, dt, normals({paths}, 33, uint32_t(k)) * std::sqrt(dt));
    }
    const double mean_t = process.mean(x, t - s), mean_u = process.mean(x, u - s);
    // How the mean and the variance of Euler's chain differ from the process's: 1 - kappa dt for e^{-kappa dt}, relative error kappa^2 dt^2 / 2 a
    // step.
    const double bias = process.kappa * process.kappa * dt * (u - s);
    const auto check = [&](const Tensor& a, const Tensor& b, double tolerance) {
      CHECK(std::abs(estimate(values(a)).mean - mean_t) < 5 * estimate(values(a)).error + tolerance);
      CHECK(std::abs(estimate(values(b)).mean - mean_u) < 5 * estimate(values(b)).error + tolerance);
      for (const auto& [e, expected] :
           {std::pair{product(a, a, mean_t, mean_t), process.variance(t - s)}, std::pair{product(b, b, mean_u, mean_u), process.variance(u - s)},
            std::pair{product(a, b, mean_t, mean_u), process.covariance(t - s, u - s)}})
        CHECK(std::abs(e.mean - expected) < 5 * e.error + tolerance);
      // ERR-59: with the integral from 0 instead of s, e^{-kappa (t + u)} in place of e^{-kappa (t + u - 2 s)}.
      const double as_printed = process.stationary_variance() * (std::exp(-process.kappa * (u - t)) - std::exp(-process.kappa * (t + u)));
      CHECK(std::abs(product(a, b, mean_t, mean_u).mean - as_printed) > 10 * product(a, b, mean_t, mean_u).error + tolerance);
    };
    check(at_t, at_u, 0);
    check(euler_at_t, euler, bias);
    // ERR-59: with W(t) ~ N(0, t) in place of Z ~ N(0, 1) the variance would be t times what it is.
    const Estimate e = product(at_u, at_u, mean_u, mean_u);
    CHECK(deviations(e, u * process.variance(u - s)) > 50);
  }

  TEST_CASE("Ornstein-Uhlenbeck: transitions compose, and N(theta, sigma^2 / 2 kappa) is left as it is (A-016)") {
    for (const double t : {0.1, 0.8})
      for (const double u : {0.2, 3.0}) {
        const double decay = std::exp(-process.kappa * u);
        CHECK(process.mean(process.mean(-2, t), u) == doctest::Approx(process.mean(-2, t + u)).epsilon(1e-13));
        CHECK(process.variance(t) * decay * decay + process.variance(u) == doctest::Approx(process.variance(t + u)).epsilon(1e-13));
        CHECK(process.stationary_variance() * decay * decay + process.variance(u) == doctest::Approx(process.stationary_variance()).epsilon(1e-13));
        CHECK(process.covariance(t, t + u) == doctest::Approx(process.variance(t) * decay).epsilon(1e-13));
      }
    CHECK(process.variance(1e-9) == doctest::Approx(process.sigma * process.sigma * 1e-9).epsilon(1e-8));  // no cancellation
    // Far from where it started it is there whatever the start.
    const Tensor late = process.transition(Tensor::full({40000}, 50, DType::f64), 40, normals({40000}, 34));
    const double v = process.stationary_variance();
    CHECK(histogram_deviations(
              values(late), [&](double x) { return normal_density(x, process.theta, v); }, -3, 4) < 5);
    // In other letters: dX = -beta X dt + delta dW has the stationary law N(0, delta^2 / (2 beta)).
    CHECK(OrnsteinUhlenbeck{.kappa = 0.5, .theta = 0, .sigma = 1}.stationary_variance() == 1);
  }
}
