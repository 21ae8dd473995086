// Operators between spaces of functions on a grid: adjoints, covariances, semigroups.
#include <doctest/doctest.h>

#include <functional>

#include "autograd/graph.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/conv2d.h"
#include "autograd/ops/fft.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/reshape.h"
#include "tests/theory/statistics.h"

using namespace ito;
using namespace ito::theory;

namespace {

using Operator = std::function<Tensor(const Tensor& x)>;

double inner(const Tensor& x, const Tensor& y) { return sum(x * y).item(); }

// A* y by autograd: the cotangent that comes back through A.
Tensor adjoint(const Operator& a, const Shape& domain, const Tensor& y) {
  const Tensor x = variable(Tensor::zeros(domain, DType::f64));
  return grad(a(x), {x}, {.grad_output = y})[0];
}

constexpr int64_t n = 16;

// The frequencies 0, 1 ... n/2 ... 1 of an FFT.
double frequency(int64_t i) { return double(std::min(i, n - i)); }

// F^-1(m(k_row, k_column) F x), a circular convolution; m is even, so that what is real stays real.
Tensor multiplied(const Tensor& x, const std::function<double(double, double)>& m) {
  Tensor factors = Tensor::empty({n, n, 1}, DType::f64);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j) factors.data<double>()[i * n + j] = m(frequency(i), frequency(j));
  return real_part(fft2(fft2(complex_from(x)) * factors, {.inverse = true}));
}

// b of the functional diffusion processes of Franzese et al. 2023, their code for 32 x 32 images: A = -b in Fourier space, s = |k|^2.
double decay_rate(double row, double column) {
  const double s = row * row + column * column;
  return 1 / (s + 0.3) + std::pow((s + 2) / (33.0 * 33.0), 0.25);
}
Tensor semigroup(const Tensor& x, double t) {
  return multiplied(x, [t](double a, double b) { return std::exp(-decay_rate(a, b) * t); });
}
double norm(const Tensor& x) { return std::sqrt(inner(x, x)); }

}  // namespace

TEST_SUITE("theory") {
  TEST_CASE("<A x, y> = <x, A* y>: what comes back through a linear layer, a convolution and an FFT is the adjoint (A-002)") {
    struct Pair {
      const char* name;
      Shape domain;
      Operator a, a_star;  // the adjoint, written as an operator of its own
    };
    const Tensor weight = normals({5, 7}, 71), kernel = normals({3, 3, 3, 2}, 72);
    const std::vector<Pair> pairs{
        {"linear", {4, 7}, [&](const Tensor& x) { return linear(x, weight); }, [&](const Tensor& y) { return matmul(y, weight); }},
        {"conv2d",
         {2, 9, 9, 2},
         [&](const Tensor& x) { return conv2d(x, kernel, {}, {.stride = 2, .padding = 1}); },
         [&](const Tensor& y) { return conv_transpose2d(y, kernel, {}, {.stride = 2, .padding = 1}); }},
        {"fft", {3, 12, 2}, [](const Tensor& x) { return fft(x); }, [](const Tensor& y) { return fft(y, {.inverse = true}); }},
        {"fft2", {2, 6, 10, 2}, [](const Tensor& x) { return fft2(x); }, [](const Tensor& y) { return fft2(y, {.inverse = true}); }},
        {"mean",
         {6, 5},
         [](const Tensor& x) { return mean(x, {.axes = {1}}); },
         [](const Tensor& y) {
           return broadcast_to(unsqueeze(y, 1), {6, 5}) / 5.0;
         }}};
    for (const Pair& p : pairs) {
      CAPTURE(p.name);
      const Tensor x = normals(p.domain, 73), ax = p.a(x), y = normals(ax.shape(), 74);
      const double scale = norm(ax) * norm(y);
      CHECK(std::abs(inner(ax, y) - inner(x, adjoint(p.a, p.domain, y))) < 1e-13 * scale);
      CHECK(std::abs(inner(ax, y) - inner(x, p.a_star(y))) < 1e-13 * scale);
    }
    const Tensor x = normals({3, 12, 2}, 75);
    CHECK(norm(fft(x)) == doctest::Approx(norm(x)).epsilon(1e-14));  // orthonormal: the adjoint is the inverse
  }

  TEST_CASE(
      "a covariance operator that commutes with shifts is diagonal for the FFT; R^(1/2) of white noise has covariance R, trace sum of eigenvalues "
      "(A-002)") {
    const auto r = [](double a, double b) { return 1 / (1 + a * a + b * b); };
    const auto root = [&](double a, double b) { return std::sqrt(r(a, b)); };
    const Tensor x = normals({n, n}, 76), y = normals({n, n}, 77);
    CHECK(inner(multiplied(x, r), y) == doctest::Approx(inner(x, multiplied(y, r))).epsilon(1e-12));  // its own adjoint
    const std::vector<double> twice = multiplied(multiplied(x, root), root).to_vector<double>(), once = multiplied(x, r).to_vector<double>();
    for (size_t i = 0; i < once.size(); i += 7) CHECK(twice[i] == doctest::Approx(once[i]).epsilon(1e-12));
    double trace = 0, largest = 0;
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < n; ++j) trace += r(frequency(i), frequency(j)), largest = std::max(largest, r(frequency(i), frequency(j)));
    // |R^(1/2) xi|^2 is a sum of squares weighted with the eigenvalues: mean tr R. ERR-09: U_0 = R^(1/2)(U); R^(-1/2) would give tr R^-1.
    std::vector<double> squares, squares_of_inverse;
    for (uint32_t k = 0; k < 400; ++k) {
      const Tensor xi = normals({n, n}, 78, k);
      squares.push_back(std::pow(norm(multiplied(xi, root)), 2));
      squares_of_inverse.push_back(std::pow(norm(multiplied(xi, [&](double a, double b) { return 1 / root(a, b); })), 2));
    }
    CHECK(deviations(estimate(squares), trace) < 5);
    CHECK(deviations(estimate(squares_of_inverse), trace) > 50);
    CHECK(norm(multiplied(x, r)) <= largest * norm(x));  // the norm of a bounded operator
    // ERR-01: with >= 0 it is positive semi-definite only. One eigenvalue 0 is enough for an x with <R x, x> = 0, and then there is no R^-1.
    const auto singular = [&](double a, double b) { return a == 0 && b == 0 ? 0 : r(a, b); };
    const Tensor constant = Tensor::ones({n, n}, DType::f64);
    CHECK(std::abs(inner(multiplied(constant, singular), constant)) < 1e-12);
    CHECK(inner(multiplied(x, singular), x) > 0);
  }

  TEST_CASE("S(t) = e^(At): S(0) = 1, S(t + u) = S(t) S(u), no longer than x, (S(h) x - x)/h -> A x (A-003)") {
    const Tensor x = normals({n, n}, 79);
    CHECK(norm(semigroup(x, 0) - x) < 1e-12 * norm(x));
    CHECK(norm(semigroup(semigroup(x, 0.3), 1.1) - semigroup(x, 1.4)) < 1e-13 * norm(x));
    CHECK(norm(semigroup(x, 0.7)) < norm(x));
    const Tensor ax = multiplied(x, [](double a, double b) { return -decay_rate(a, b); });
    std::vector<double> log_h, log_error, log_distance;
    for (const double h : {0.1, 0.01, 0.001}) {
      log_h.push_back(std::log(h));
      log_error.push_back(std::log(norm((semigroup(x, h) - x) / h - ax)));
      log_distance.push_back(std::log(norm(semigroup(x, h) - x)));
    }
    CHECK(slope(log_h, log_error) == doctest::Approx(1).epsilon(0.05));     // the generator: an error of |A^2 x| h/2
    CHECK(slope(log_h, log_distance) == doctest::Approx(1).epsilon(0.05));  // strongly continuous
  }
}
