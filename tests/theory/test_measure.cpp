// Densities of one law by another: Radon-Nikodym, Girsanov; Gaussian laws, entropy, divergence.
#include <doctest/doctest.h>

#include <array>
#include <numbers>

#include "tests/theory/statistics.h"

using namespace ito;
using namespace ito::theory;

namespace {

// KL(N(m1, C1) || N(m2, C2)) in two dimensions = (log |C2|/|C1| + tr(C2^-1 C1) + D^T C2^-1 D - d)/2.
struct Gaussian2 {
  double mean[2], covariance[2][2];
  double determinant() const { return covariance[0][0] * covariance[1][1] - covariance[0][1] * covariance[1][0]; }
  std::array<std::array<double, 2>, 2> inverse() const {
    const double d = determinant();
    return {{{covariance[1][1] / d, -covariance[0][1] / d}, {-covariance[1][0] / d, covariance[0][0] / d}}};
  }
  double log_density(double x, double y) const {
    const auto p = inverse();
    const double a = x - mean[0], b = y - mean[1];
    return -(p[0][0] * a * a + 2 * p[0][1] * a * b + p[1][1] * b * b) / 2 - std::log(2 * std::numbers::pi) - std::log(determinant()) / 2;
  }
};
double divergence(const Gaussian2& p, const Gaussian2& q) {
  const auto inverse = q.inverse();
  double value = std::log(q.determinant() / p.determinant()) - 2;
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j) value += inverse[size_t(i)][size_t(j)] * (p.covariance[j][i] + (q.mean[i] - p.mean[i]) * (q.mean[j] - p.mean[j]));
  return value / 2;
}

}  // namespace

TEST_SUITE("theory") {
  TEST_CASE("Radon-Nikodym: E_Q[h] = E_P[h dQ/dP] for two Gaussians (A-001)") {
    // P = N(0, 1.2^2), Q = N(0.5, 1): dQ/dP is bounded, as P has the heavier tails.
    const double spread = 1.2, shift = 0.5;
    const Tensor z = normals({100000}, 41);
    const auto ratio = [&](double x) { return normal_density(x, shift, 1) / normal_density(x, 0, spread * spread); };
    const auto under_q = [&](auto h) { return estimate_of(values(z), [&](double v) { return h(v * spread) * ratio(v * spread); }); };
    CHECK(deviations(under_q([](double) { return 1.0; }), 1) < 5);
    CHECK(deviations(under_q([](double x) { return x; }), shift) < 5);
    CHECK(deviations(under_q([](double x) { return x * x; }), 1 + shift * shift) < 5);
    CHECK(deviations(under_q([](double x) { return std::exp(x); }), std::exp(shift + 0.5)) < 5);
    // The ratio the other way round is another measure.
    CHECK(deviations(estimate_of(values(z), [&](double v) { return v * spread / ratio(v * spread); }), shift) > 10);
  }

  TEST_CASE("step functions approach Lebesgue's integral from below (A-001)") {
    // Cut by values, not by places: s_n = floor(2^n f) / 2^n, whose integral is sum_k 2^-n |{f >= k 2^-n}|; f = x^2 on [0, 1].
    double before = 0;
    for (const int n : {1, 3, 6, 12}) {
      double integral = 0;
      const double unit = std::ldexp(1, -n);
      for (int k = 1; k * unit <= 1; ++k) integral += unit * (1 - std::sqrt(k * unit));
      CHECK(integral > before);
      CHECK(integral < 1.0 / 3);
      CHECK(integral > 1.0 / 3 - unit);
      before = integral;
    }
  }

  TEST_CASE("Girsanov: Brownian paths weighted by Z are Ornstein-Uhlenbeck paths, E[h(X)] = E[Z h(Y)], for noise of covariance R (A-011)") {
    // dX = f1 dt + dW, dY = f2 dt + dW in two dimensions; f1 = -kappa x, f2 constant; W of covariance R.
    // Z = exp(int (f1 - f2)^T R^-1 dW - int |f1 - f2|^2_{R^-1} dt / 2) along Y. Of the chains with n steps this is exact.
    constexpr int64_t paths = 40000, n = 20;
    const double kappa = 0.8, dt = 1.0 / n, r[2][2] = {{1, 0.3}, {0.3, 0.5}}, f2[2] = {0.2, -0.1}, x0[2] = {0.4, -0.3};
    const double determinant = r[0][0] * r[1][1] - r[0][1] * r[0][1];
    const double inverse[2][2] = {{r[1][1] / determinant, -r[0][1] / determinant}, {-r[0][1] / determinant, r[0][0] / determinant}};
    const double l10 = r[0][1] / std::sqrt(r[0][0]), root[2][2] = {{std::sqrt(r[0][0]), 0}, {l10, std::sqrt(r[1][1] - l10 * l10)}};
    const Tensor z = normals({paths, n, 2}, 42);
    std::vector<double> weight, mean, square, cross, moved, moved_square, as_printed, wrong_sign;
    for (int64_t path = 0; path < paths; ++path) {
      double y[2] = {x0[0], x0[1]}, log_z = 0, quadratic = 0, girsanov[2] = {0, 0}, printed = 0;
      for (int64_t k = 0; k < n; ++k) {
        const double* draw = z.data<double>() + (path * n + k) * 2;
        const double theta[2] = {-kappa * y[0] - f2[0], -kappa * y[1] - f2[1]};
        double dw[2];
        for (int i = 0; i < 2; ++i) dw[i] = std::sqrt(dt) * (root[i][0] * draw[0] + root[i][1] * draw[1]);
        for (int i = 0; i < 2; ++i)
          for (int j = 0; j < 2; ++j) {
            log_z += theta[i] * inverse[i][j] * dw[j];
            quadratic += theta[i] * inverse[i][j] * theta[j] * dt / 2;
          }
        printed += dw[0] - (-kappa * y[0]) * dt - f2[0] * dt;  // ERR-08: W - int f1 - f2, as it reads without parentheses
        for (int i = 0; i < 2; ++i) girsanov[i] += dw[i] - theta[i] * dt;
        for (int i = 0; i < 2; ++i) y[i] += f2[i] * dt + dw[i];
      }
      const double weighted = std::exp(log_z - quadratic);
      weight.push_back(weighted);
      mean.push_back(weighted * y[0]);
      square.push_back(weighted * y[1] * y[1]);
      cross.push_back(weighted * y[0] * y[1]);
      moved.push_back(weighted * girsanov[0]);
      moved_square.push_back(weighted * girsanov[1] * girsanov[1]);
      as_printed.push_back(weighted * printed);
      wrong_sign.push_back(std::exp(log_z + quadratic));
    }
    // Of the chain x <- (1 - kappa dt) x + dW.
    const double decay = std::pow(1 - kappa * dt, n), factor = dt * (1 - decay * decay) / (1 - std::pow(1 - kappa * dt, 2));
    CHECK(deviations(estimate(weight), 1) < 5);  // Z is a density (ERR-09: "= 1" is missing)
    CHECK(deviations(estimate(mean), x0[0] * decay) < 5);
    CHECK(deviations(estimate(square), std::pow(x0[1] * decay, 2) + r[1][1] * factor) < 5);
    CHECK(deviations(estimate(cross), x0[0] * x0[1] * decay * decay + r[0][1] * factor) < 5);
    // W - int (f1 - f2) dt is Brownian motion of covariance R under the weighted law.
    CHECK(deviations(estimate(moved), 0) < 5);
    CHECK(deviations(estimate(moved_square), r[1][1]) < 5);
    CHECK(deviations(estimate(as_printed), 0) > 20);
    CHECK(deviations(estimate(wrong_sign), 1) > 20);
  }

  TEST_CASE("Gaussian laws: density of mass 1, KL in closed form, its chain rule, entropy, Jensen (A-015)") {
    const Gaussian2 p{{0.3, -0.2}, {{1.1, 0.4}, {0.4, 0.7}}}, q{{-0.1, 0.4}, {{0.8, -0.2}, {-0.2, 1.3}}};
    // Quadrature on a grid: the trapezoid rule of an analytic function that is zero at the ends.
    double mass = 0, kl = 0, entropy = 0;
    const double h = 0.05;
    for (int i = -200; i <= 200; ++i)
      for (int j = -200; j <= 200; ++j) {
        const double lp = p.log_density(i * h, j * h), lq = q.log_density(i * h, j * h), w = std::exp(lp) * h * h;
        mass += w;
        kl += w * (lp - lq);
        entropy -= w * lp;
      }
    CHECK(mass == doctest::Approx(1).epsilon(1e-12));
    CHECK(divergence(p, q) == doctest::Approx(kl).epsilon(1e-10));
    CHECK(divergence(p, p) == doctest::Approx(0));
    CHECK(divergence(p, q) > 0);  // Jensen: -log is convex
    CHECK(divergence(q, p) != doctest::Approx(kl).epsilon(0.01));
    CHECK(entropy == doctest::Approx(1 + std::log(2 * std::numbers::pi) + std::log(p.determinant()) / 2).epsilon(1e-10));
    // Monte-Carlo, and the chain rule KL(p(x,y) || q(x,y)) = KL(p(x) || q(x)) + E_p(x) KL(p(y|x) || q(y|x)).
    const auto kl1 = [](double m1, double v1, double m2, double v2) { return (std::log(v2 / v1) + (v1 + (m1 - m2) * (m1 - m2)) / v2 - 1) / 2; };
    const Tensor z = normals({40000, 2}, 43);
    std::vector<double> log_ratios, conditional;
    const double slope_p = p.covariance[0][1] / p.covariance[0][0], slope_q = q.covariance[0][1] / q.covariance[0][0];
    const double rest_p = p.determinant() / p.covariance[0][0], rest_q = q.determinant() / q.covariance[0][0];
    for (int64_t n = 0; n < z.extent(0); ++n) {
      const double x = p.mean[0] + std::sqrt(p.covariance[0][0]) * z.data<double>()[2 * n];
      const double centre_p = p.mean[1] + slope_p * (x - p.mean[0]), centre_q = q.mean[1] + slope_q * (x - q.mean[0]);
      const double y = centre_p + std::sqrt(rest_p) * z.data<double>()[2 * n + 1];
      log_ratios.push_back(p.log_density(x, y) - q.log_density(x, y));
      conditional.push_back(kl1(centre_p, rest_p, centre_q, rest_q));
    }
    CHECK(deviations(estimate(log_ratios), kl) < 5);
    CHECK(deviations(estimate(conditional), kl - kl1(p.mean[0], p.covariance[0][0], q.mean[0], q.covariance[0][0])) < 5);
    // Bayes' rule: p(x|y) p(y) = p(y|x) p(x), all four Gaussian.
    const double x = 0.9, y = -0.5, slope_y = p.covariance[0][1] / p.covariance[1][1];
    CHECK(normal_density(x, p.mean[0] + slope_y * (y - p.mean[1]), p.determinant() / p.covariance[1][1]) *
              normal_density(y, p.mean[1], p.covariance[1][1]) ==
          doctest::Approx(normal_density(y, p.mean[1] + slope_p * (x - p.mean[0]), rest_p) * normal_density(x, p.mean[0], p.covariance[0][0]))
              .epsilon(1e-13));
  }

  TEST_CASE("Markov chains: Chapman-Kolmogorov, and the invariant measure that every start tends to (A-015)") {
    const double k[3][3] = {{0.6, 0.3, 0.1}, {0.2, 0.5, 0.3}, {0.1, 0.4, 0.5}};
    double twice[3][3] = {}, law[3] = {1, 0, 0};
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j)
        for (int m = 0; m < 3; ++m) twice[i][j] += k[i][m] * k[m][j];
    const auto moved = [](const double(&from)[3], const double(&kernel)[3][3]) {
      std::array<double, 3> to{};
      for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) to[size_t(j)] += from[i] * kernel[i][j];
      return to;
    };
    const auto direct = moved(law, twice);
    for (int step = 0; step < 200; ++step) {
      const auto next = moved(law, k);
      std::copy(next.begin(), next.end(), law);
      if (step == 1)
        for (size_t j = 0; j < 3; ++j) CHECK(law[j] == doctest::Approx(direct[j]).epsilon(1e-14));
    }
    const auto after = moved(law, k);
    for (size_t j = 0; j < 3; ++j) CHECK(after[j] == doctest::Approx(law[j]).epsilon(1e-14));
    const double other[3] = {0, 0, 1};
    double from_other[3] = {other[0], other[1], other[2]};
    for (int step = 0; step < 200; ++step) {
      const auto next = moved(from_other, k);
      std::copy(next.begin(), next.end(), from_other);
    }
    for (size_t j = 0; j < 3; ++j) CHECK(from_other[j] == doctest::Approx(law[j]).epsilon(1e-14));
  }
}
