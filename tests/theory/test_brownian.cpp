// Brownian motion, Ito's integral and Ito's formula.
#include <doctest/doctest.h>

#include <functional>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/matmul.h"
#include "tests/theory/statistics.h"

using namespace ito;
using namespace ito::theory;

namespace {

// (paths, m) draws of g W(h), W of covariance R = L L^T: rows of z (paths, d) times (g L)^T.
Tensor increments(const Tensor& z, const Tensor& g_times_root) { return matmul(z, g_times_root, {.transpose_b = true}); }

// The mean of x_i x_j over rows of x (paths, m), with its error.
Estimate second_moment(const Tensor& x, int64_t i, int64_t j) {
  std::vector<double> products;
  for (int64_t n = 0; n < x.extent(0); ++n) products.push_back(x.data<double>()[n * x.extent(1) + i] * x.data<double>()[n * x.extent(1) + j]);
  return estimate(products);
}

// phi(x, t) and its derivatives.
struct Smooth {
  std::function<double(double x, double t)> phi, by_t, by_x, by_xx;
};

// Root mean square, over paths of dX = a dt + b dW in n steps, of  phi(X(1), 1) - phi(X(0), 0) - sum (phi_t + c phi_xx b^2) dt + phi_x dX.  Ito: c =
// 1/2.
double ito_residual(const Smooth& f, int64_t n, double c) {
  constexpr int64_t paths = 2000;
  const double dt = 1.0 / double(n), x0 = 0.3;
  const auto a = [](double x) { return 0.5 - x; };
  const auto b = [](double x) { return 0.6 + 0.3 * std::sin(x); };
  const Tensor z = normals({paths, n}, 21);
  double squares = 0;
  for (int64_t path = 0; path < paths; ++path) {
    double x = x0, integral = 0;
    for (int64_t k = 0; k < n; ++k) {
      const double t = double(k) * dt, dx = a(x) * dt + b(x) * std::sqrt(dt) * z.data<double>()[path * n + k];
      integral += (f.by_t(x, t) + c * f.by_xx(x, t) * b(x) * b(x)) * dt + f.by_x(x, t) * dx;
      x += dx;
    }
    const double residual = f.phi(x, 1) - f.phi(x0, 0) - integral;
    squares += residual * residual / double(paths);
  }
  return std::sqrt(squares);
}

}  // namespace

TEST_SUITE("theory") {
  TEST_CASE(
      "increments of Brownian motion of covariance R are N(0, h R), independent over disjoint times, and g dW has covariance h g R g^T (A-004)") {
    // R = L L^T, 2 x 2; g 3 x 2: the noise has fewer dimensions than the state (ERR-02: g is a matrix, R is as large as W).
    const double h = 0.25, l[2][2] = {{1, 0}, {0.6, 1.2}}, g[3][2] = {{1, 0}, {0.5, -1}, {0, 2}};
    Tensor gl = Tensor::zeros({3, 2}, DType::f64), root = Tensor::zeros({2, 2}, DType::f64);
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 2; ++j) gl.data<double>()[2 * i + j] = std::sqrt(h) * (g[i][0] * l[0][j] + g[i][1] * l[1][j]);
    for (int i = 0; i < 2; ++i)
      for (int j = 0; j < 2; ++j) root.data<double>()[2 * i + j] = std::sqrt(h) * l[i][j];
    const Tensor first = normals({100000, 2}, 22), second = normals({100000, 2}, 22, 1);
    const Tensor w = increments(first, root), gw = increments(first, gl), later = increments(second, root);
    const auto r = [&](int i, int j) { return l[i][0] * l[j][0] + l[i][1] * l[j][1]; };
    for (int i = 0; i < 2; ++i)
      for (int j = 0; j < 2; ++j) {
        CHECK(deviations(second_moment(w, i, j), h * r(i, j)) < 5);
        CHECK(deviations(second_moment(w + later, i, j), 2 * h * r(i, j)) <
              5);  // variances of disjoint times add up: the increments are uncorrelated
      }
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) {
        double expected = 0;
        for (int k = 0; k < 2; ++k)
          for (int m = 0; m < 2; ++m) expected += h * g[i][k] * r(k, m) * g[j][m];
        CHECK(deviations(second_moment(gw, i, j), expected) < 5);
      }
    // ERR-04: with another matrix, I for R, it is off.
    CHECK(deviations(second_moment(w, 1, 1), h) > 50);
  }

  TEST_CASE("int W dW = W^2/2 - t/2, to an error of variance t^2/(2n) in n steps; mean 0, variance t^2/2 (A-005)") {
    constexpr int64_t paths = 4000;
    const double t = 2;
    for (const int64_t n : {16, 256}) {
      const Tensor z = normals({paths, n}, 23);
      std::vector<double> integrals, squared_errors, squared_midpoint_errors, squared_errors_as_printed;
      const double dt = t / double(n);
      for (int64_t path = 0; path < paths; ++path) {
        double w = 0, integral = 0, midpoint = 0, as_printed = 0;
        for (int64_t k = 0; k < n; ++k) {
          const double dw = std::sqrt(dt) * z.data<double>()[path * n + k];
          integral += w * dw;
          midpoint += (w + dw / 2) * dw;
          as_printed += w * dt;
          w += dw;
        }
        const double expected = w * w / 2 - t / 2;
        integrals.push_back(integral);
        squared_errors.push_back(std::pow(integral - expected, 2));
        squared_midpoint_errors.push_back(std::pow(midpoint - expected, 2));
        squared_errors_as_printed.push_back(std::pow(as_printed - expected, 2));
      }
      CHECK(deviations(estimate(squared_errors), t * t / 2 / double(n)) < 5);
      CHECK(deviations(estimate(integrals), 0) < 5);
      CHECK(deviations(estimate_of(integrals, [](double v) { return v * v; }), t * t / 2 * (1 - 1 / double(n))) < 5);
      CHECK(estimate(squared_midpoint_errors).mean == doctest::Approx(t * t / 4));  // Stratonovich's sum is W^2/2: another integral
      // ERR-03: sum W dt is int W dt, of variance t^3/3 and independent in mean of W^2/2 - t/2; no grid helps. Left sums: (1 - 1/n)(1 - 1/2n) t^3/3.
      const double m = 1 / double(n);
      CHECK(deviations(estimate(squared_errors_as_printed), t * t * t / 3 * (1 - m) * (1 - m / 2) + t * t / 2) < 5);
    }
  }

  TEST_CASE(
      "Ito's formula: d phi(X, t) = (phi_t + phi_xx b^2/2) dt + phi_x dX for x^2, sin and exp; without the second derivative it fails (A-006)") {
    const std::vector<Smooth> functions{
        {[](double x, double) { return x * x; }, [](double, double) { return 0.0; }, [](double x, double) { return 2 * x; },
         [](double, double) { return 2.0; }},
        {[](double x, double t) { return std::sin(x + t); }, [](double x, double t) { return std::cos(x + t); },
         [](double x, double t) { return std::cos(x + t); }, [](double x, double t) { return -std::sin(x + t); }},
        {[](double x, double t) { return std::exp(x - t / 2); }, [](double x, double t) { return -std::exp(x - t / 2) / 2; },
         [](double x, double t) { return std::exp(x - t / 2); }, [](double x, double t) { return std::exp(x - t / 2); }}};
    for (const Smooth& f : functions) {
      std::vector<double> x, right, wrong;
      for (const int64_t n : {16, 64, 256}) {
        x.push_back(-std::log(double(n)));
        right.push_back(std::log(ito_residual(f, n, 0.5)));
        wrong.push_back(std::log(ito_residual(f, n, 0)));
      }
      // The residual is a sum of n independent terms of size dt: order 1/2. 2,000 paths know each logarithm to 0.03, a slope over log 16 to 0.015.
      CHECK(slope(x, right) == doctest::Approx(0.5).epsilon(0.15));
      CHECK(slope(x, wrong) < 0.1);
    }
  }

  TEST_CASE("the product rule of correlated motions: d(XY) = X dY + Y dX + R_xy dt (A-006)") {
    constexpr int64_t paths = 4000, n = 100;
    const double r = 0.6, dt = 1.0 / n;
    const Tensor z = normals({paths, 2 * n}, 24);
    std::vector<double> squares, squares_without;
    for (int64_t path = 0; path < paths; ++path) {
      double x = 0, y = 0, integral = 0;
      for (int64_t k = 0; k < n; ++k) {
        const double* pair = z.data<double>() + (path * n + k) * 2;
        const double dx = std::sqrt(dt) * pair[0], dy = std::sqrt(dt) * (r * pair[0] + std::sqrt(1 - r * r) * pair[1]);
        integral += x * dy + y * dx;
        x += dx, y += dy;
      }
      squares.push_back(std::pow(x * y - integral - r, 2));
      squares_without.push_back(std::pow(x * y - integral, 2));
    }
    CHECK(deviations(estimate(squares), (1 + r * r) / n) < 5);  // n times the variance of dx dy, dt^2 (1 + r^2)
    CHECK(deviations(estimate(squares_without), (1 + r * r) / n) > 50);
  }
}
