// What a law and an expectation do in time: Fokker-Planck, backward Kolmogorov, Feynman-Kac. Differences on a grid against simulated paths of a
// double well whose noise depends on the place,  dX = (X - X^3) dt + 0.7 sqrt(1 + X^2/2) dW.
#include <doctest/doctest.h>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/unary.h"
#include "diffusion/ornstein_uhlenbeck.h"
#include "tests/theory/finite_differences.h"
#include "tests/theory/picture.h"
#include "tests/theory/statistics.h"

using namespace ito;
using namespace ito::theory;

namespace {

double drift(double x) { return x - x * x * x; }
double noise(double x) { return 0.7 * std::sqrt(1 + x * x / 2); }
Sde double_well() {
  return {.drift = [](const Tensor& x, double) { return x * (1.0 - square(x)); },
          .diffusion = [](const Tensor& x, double) { return sqrt(square(x) * 0.5 + 1.0) * 0.7; }};
}

constexpr double end = 1;
constexpr int steps = 200;  // Euler's error in expectations is of order 1/200, less than a standard error of what is compared here
const Grid grid{.low = -5, .width = 0.01, .cells = 1000};

struct Paths {
  Tensor last, potential;  // X(end), and int X^2/2 dt by the trapezoid rule
};
Paths simulated(Tensor x, uint64_t seed) {
  const double dt = end / steps;
  Tensor potential = Tensor::zeros_like(x);
  for (int k = 0; k < steps; ++k) {
    const Tensor next = euler_maruyama_step(double_well(), x, 0, dt, normals(x.shape(), seed, uint32_t(k)) * std::sqrt(dt));
    potential = potential + (square(x) + square(next)) * (dt / 4);
    x = next;
  }
  return {x, potential};
}

// Between the centres of cells, linearly.
double at(const std::vector<double>& u, double x) {
  const double place = (x - grid.low) / grid.width - 0.5;
  const auto i = size_t(place);
  return u[i] + (u[i + 1] - u[i]) * (place - double(i));
}
template <class F>
std::vector<double> on_grid(F f) {
  std::vector<double> u;
  for (size_t i = 0; i < grid.cells; ++i) u.push_back(f(grid.centre(i)));
  return u;
}

}  // namespace

TEST_SUITE("theory") {
  TEST_CASE("Fokker-Planck-Kolmogorov: dp/dt = -(f p)' + (b^2 p)''/2 gives the histogram of simulated paths (A-007)") {
    const double mean = -0.5, deviation = 0.3;
    const std::vector<double> start = on_grid([&](double x) { return normal_density(x, mean, deviation * deviation); });
    const std::vector<double> p = fokker_planck(grid, drift, noise).evolved(start, end, 400);
    double mass = 0;
    for (const double v : p) mass += v * grid.width;
    CHECK(mass == doctest::Approx(1).epsilon(1e-12));
    const Tensor x = simulated(normals({40000}, 51) * deviation + mean, 52).last;
    const auto misfit = [&](const std::vector<double>& law) {
      return histogram_deviations(
          values(x), [&](double v) { return at(law, v); }, -2.5, 2.5);
    };
    CHECK(misfit(p) < 5);
    CHECK(misfit(start) > 100);
    std::vector<double> centres;
    for (size_t i = 0; i < grid.cells; ++i) centres.push_back(grid.centre(i));
    const auto cut = [&](const std::vector<double>& y) { return std::vector<double>(y.begin() + 200, y.end() - 200); };  // [-3, 3]
    picture("fokker-planck",
            {{.x = cut(centres), .y = cut(start), .colour = {170, 170, 170}},
             histogram(values(x), -3, 3, 60),
             {.x = cut(centres), .y = cut(p), .colour = {214, 39, 40}}},
            {.title = "density and histogram of paths", .x_label = "x"});
    // Wrong equations that look like it: b^2 outside of the derivatives (it is then the backward equation's second term), and the drift's sign.
    const auto flat = [](double) { return 0.0; };
    Tridiagonal outside = fokker_planck(grid, drift, flat);
    const Tridiagonal second = backward_kolmogorov(grid, flat, noise);
    for (size_t i = 0; i < grid.cells; ++i) {
      outside.lower[i] += second.lower[i];
      outside.diagonal[i] += second.diagonal[i];
      outside.upper[i] += second.upper[i];
    }
    CHECK(misfit(outside.evolved(start, end, 400)) > 20);
    CHECK(misfit(fokker_planck(
                     grid, [](double v) { return -drift(v) * (std::abs(v) < 2 ? 1 : 0); }, noise)
                     .evolved(start, end, 400)) > 20);
  }

  TEST_CASE("backward Kolmogorov and Feynman-Kac: du/dt = f u' + b^2 u''/2 - V u is E[exp(-int V) phi(X_t) | X_0 = x] (A-008, A-009)") {
    const auto phi = [](double x) { return std::sin(2 * x) + x * x; };
    const Tridiagonal generator = backward_kolmogorov(grid, drift, noise);
    const std::vector<double> u = generator.evolved(on_grid(phi), end, 400);
    Tridiagonal killed = generator;
    for (size_t i = 0; i < grid.cells; ++i) killed.diagonal[i] -= grid.centre(i) * grid.centre(i) / 2;
    const std::vector<double> with_potential = killed.evolved(on_grid(phi), end, 400);
    // ERR-05: eq. 2.21 has a minus before the drift.
    const auto backwards = [](double x) { return std::abs(x) < 2 ? -drift(x) : 0; };
    const std::vector<double> as_printed = backward_kolmogorov(grid, backwards, noise).evolved(on_grid(phi), end, 400);
    for (const double x : {-1.2, 0.3, 1.5}) {
      const Paths paths = simulated(Tensor::full({10000}, x, DType::f64), 53);
      const Estimate e = estimate_of(values(paths.last), phi);
      std::vector<double> discounted;
      for (int64_t i = 0; i < paths.last.numel(); ++i)
        discounted.push_back(std::exp(-paths.potential.data<double>()[i]) * phi(paths.last.data<double>()[i]));
      CAPTURE(x);
      CHECK(deviations(e, at(u, x)) < 5);
      CHECK(deviations(estimate(discounted), at(with_potential, x)) < 5);
      CHECK(deviations(e, at(as_printed, x)) > 10);
    }
  }

  TEST_CASE("the generator is the adjoint of Fokker-Planck's operator: int u p does not depend on which of both is moved (A-008)") {
    const Tridiagonal forward = fokker_planck(grid, drift, noise), backward = backward_kolmogorov(grid, drift, noise);
    for (size_t i = 0; i + 1 < grid.cells; ++i) {
      CHECK(forward.lower[i + 1] == doctest::Approx(backward.upper[i]).epsilon(1e-12));
      CHECK(forward.upper[i] == doctest::Approx(backward.lower[i + 1]).epsilon(1e-12));
    }
    const std::vector<double> p = on_grid([](double x) { return normal_density(x, 0.4, 0.3); }), u = on_grid([](double x) { return std::cos(x); });
    const std::vector<double> later_p = forward.evolved(p, end, 100), later_u = backward.evolved(u, end, 100);
    double moved_p = 0, moved_u = 0;
    for (size_t i = 0; i < grid.cells; ++i) moved_p += u[i] * later_p[i] * grid.width, moved_u += later_u[i] * p[i] * grid.width;
    CHECK(moved_p == doctest::Approx(moved_u).epsilon(1e-11));
  }

  TEST_CASE("a transition density solves Fokker-Planck in where it ends and Kolmogorov backward in where it starts (A-007, A-008)") {
    // ERR-06: p(y, t | x, 0) is the density; u(x, t) = int phi(y) p(y, t | x, 0) dy solves the backward equation. Ornstein-Uhlenbeck, derivatives by
    // differences.
    const OrnsteinUhlenbeck process{.kappa = 0.8, .theta = 0.3, .sigma = 0.7};
    const auto p = [&](double y, double t, double x) { return normal_density(y, process.mean(x, t), process.variance(t)); };
    const double h = 1e-3, half = process.sigma * process.sigma / 2;
    for (const double x : {-0.5, 0.4})
      for (const double y : {0.0, 0.9}) {
        const double t = 0.7, by_t = (p(y, t + h, x) - p(y, t - h, x)) / (2 * h);
        const auto flux = [&](double v) { return process.kappa * (process.theta - v) * p(v, t, x); };
        const double forward = -(flux(y + h) - flux(y - h)) / (2 * h) + half * (p(y + h, t, x) - 2 * p(y, t, x) + p(y - h, t, x)) / (h * h);
        const double by_x = (p(y, t, x + h) - p(y, t, x - h)) / (2 * h), by_xx = (p(y, t, x + h) - 2 * p(y, t, x) + p(y, t, x - h)) / (h * h);
        const double backward = process.kappa * (process.theta - x) * by_x + half * by_xx;
        CHECK(forward == doctest::Approx(by_t).epsilon(1e-4));
        CHECK(backward == doctest::Approx(by_t).epsilon(1e-4));
        // In x it does not solve Fokker-Planck's equation: the divergence of the drift, -kappa p, is too much.
        CHECK(std::abs(backward + process.kappa * p(y, t, x) - by_t) > 0.1 * process.kappa * p(y, t, x));
      }
  }
}
