// Steps of ordinary differential equations against solutions in closed form.
#include <doctest/doctest.h>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/concat.h"
#include "autograd/ops/slice.h"
#include "autograd/ops/unary.h"
#include "diffusion/ode.h"
#include "tests/theory/statistics.h"

using namespace ito;
using namespace ito::theory;

namespace {

using Step = Tensor (*)(const Field&, const Tensor&, double, double);

// dx/dt = x cos t:  x(t) = x(0) exp(sin t). Depends on x and on t, and bends both ways.
Tensor swinging(const Tensor& x, double t) { return x * std::cos(t); }
double swung(double x, double from, double to) { return x * std::exp(std::sin(to) - std::sin(from)); }

double error_after(Step step, int64_t count, double from, double to) {
  Tensor x = Tensor::from<double>({1, -2});
  const double h = (to - from) / double(count);
  for (int64_t i = 0; i < count; ++i) x = step(swinging, x, from + double(i) * h, h);
  return std::max(std::abs(x.data<double>()[0] - swung(1, from, to)), std::abs(x.data<double>()[1] - swung(-2, from, to)));
}

}  // namespace

TEST_SUITE("theory") {
  TEST_CASE("Euler, Heun and Runge-Kutta steps are of order 1, 2 and 4, forward and back in time (A-014, A-088)") {
    const std::vector<std::pair<Step, double>> steps{{euler_step, 1}, {heun_step, 2}, {rk4_step, 4}};
    for (const auto& [step, order] : steps)
      for (const auto& [from, to] : {std::pair{0.0, 2.0}, std::pair{2.0, 0.3}}) {
        std::vector<double> x, y;
        for (const int64_t count : {32, 64, 128, 256}) {
          x.push_back(std::log(1.0 / double(count)));
          y.push_back(std::log(error_after(step, count, from, to)));
        }
        CHECK(slope(x, y) == doctest::Approx(order).epsilon(0.05));  // what is left is the next order's share, of the size of the step
      }
  }

  TEST_CASE("Picard's iteration gives the exponential's Taylor polynomial, and Euler's steps (1 + h)^n (A-014)") {
    // x' = x, x(0) = 1, on a grid of [0, 1]; polynomials of degree <= 8 are integrated exactly through their coefficients.
    std::vector<double> coefficients{1};
    for (int round = 0; round < 8; ++round) {  // x_{k+1}(t) = 1 + int_0^t x_k
      std::vector<double> next{1};
      for (size_t i = 0; i < coefficients.size(); ++i) next.push_back(coefficients[i] / double(i + 1));
      coefficients = next;
      double at_one = 0, bound = 1;
      for (const double c : coefficients) at_one += c;
      for (int i = 1; i <= round + 1; ++i) bound /= i;  // Picard-Lindelof: at most (L t)^k / k! times the first distance, e - 1
      CHECK(std::abs(at_one - M_E) <= bound * (M_E - 1));
    }
    Tensor x = Tensor::scalar(1, DType::f64);
    for (int i = 0; i < 10; ++i) x = euler_step([](const Tensor& v, double) { return v; }, x, 0, 0.1);
    CHECK(x.item() == doctest::Approx(std::pow(1.1, 10)).epsilon(1e-14));
  }

  TEST_CASE("RK45 meets its tolerance with few evaluations, forward and back, in f64 and f32 (A-088)") {
    for (const auto& [from, to] : {std::pair{0.0, 10.0}, std::pair{10.0, 0.0}}) {
      int64_t before = 0;
      for (const double tolerance : {1e-3, 1e-5, 1e-7, 1e-9}) {
        const OdeSolution s = rk45(swinging, Tensor::from<double>({1, -2}), from, to, {.rtol = tolerance, .atol = tolerance});
        // The error of each step is held; those of at most 100 steps grow by exp(2) at most.
        CHECK(std::abs(s.x.data<double>()[0] - swung(1, from, to)) < 100 * tolerance);
        CHECK(s.evaluations == 2 + 6 * (s.accepted + s.rejected));
        CHECK(s.evaluations > before);
        before = s.evaluations;
      }
      CHECK(before < 2000);
    }
    const OdeSolution single = rk45(swinging, Tensor::from<float>({1}), 0, 2, {});
    CHECK(single.x.dtype() == DType::f32);
    CHECK(single.x.item() == doctest::Approx(swung(1, 0, 2)).epsilon(1e-4));
    CHECK(rk45(swinging, Tensor::from<float>({3}), 1, 1, {}).x.item() == 3);
  }

  TEST_CASE("RK45 takes short steps only where they are needed (A-088)") {
    // Van der Pol's oscillator, mu = 20: slow, with sudden jumps.
    std::vector<double> times;
    const Field van_der_pol = [&](const Tensor& x, double t) {
      times.push_back(t);
      const Tensor p = slice(x, 0, 0, 1), v = slice(x, 0, 1, 2);
      return concat({v, (1 - square(p)) * v * 20 - p}, 0);
    };
    const OdeSolution s = rk45(van_der_pol, Tensor::from<double>({2, 0}), 0, 30, {});
    const OdeSolution exact = rk45(van_der_pol, Tensor::from<double>({2, 0}), 0, 30, {.rtol = 1e-11, .atol = 1e-11});
    CHECK(s.x.data<double>()[0] == doctest::Approx(exact.x.data<double>()[0]).epsilon(1e-2));
    CHECK(s.rejected > 0);
    double longest = 0, shortest = 1;
    for (size_t i = 8; i < size_t(s.evaluations); i += 6) {
      longest = std::max(longest, times[i] - times[i - 6]);
      if (times[i] > times[i - 6]) shortest = std::min(shortest, times[i] - times[i - 6]);
    }
    CHECK(longest > 20 * shortest);
  }

  TEST_CASE("RK45 refuses what it cannot do, in one line") {
    const Tensor one = Tensor::scalar(1, DType::f64);
    CHECK_THROWS_WITH_AS(rk45(swinging, one, 0, 1, {.rtol = 0}), doctest::Contains("[rk45] rtol and atol must be positive"), Error);
    CHECK_THROWS_WITH_AS(rk45(swinging, one, 0, INFINITY, {}), doctest::Contains("[rk45] times must be finite"), Error);
    // x' = x^2 from 1 is infinite at t = 1.
    CHECK_THROWS_WITH_AS(rk45([](const Tensor& x, double) { return square(x); }, one, 0, 2, {}), doctest::Contains("too short"), Error);
    CHECK_THROWS_WITH_AS(rk45(swinging, one, 0, 100, {.max_evaluations = 20}), doctest::Contains("more than 20 evaluations"), Error);
    CHECK_THROWS_WITH_AS(rk45([](const Tensor& x, double) { return x * NAN; }, one, 0, 1, {}), doctest::Contains("not finite at t = 0"), Error);
  }
}
