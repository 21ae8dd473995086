// What DDPM's formulas claim, beside the versions with errors that are in circulation.
#include <doctest/doctest.h>

#include <cmath>

#include "autograd/graph.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/unary.h"
#include "diffusion/elbo.h"
#include "diffusion/kl_weights.h"
#include "diffusion/schedule.h"
#include "tensor/random.h"

using namespace ito;

namespace {
struct Normal {
  double mean, variance;
};

// Bayes' rule on a grid: mean and variance of the density prop. to q(x_{t-1} | x_0) q(x_t | x_{t-1}) as a function of x_{t-1}.
Normal by_integration(const Ddpm& process, int64_t t, double x0, double xt) {
  const Marginal before = process.marginal(t - 1);
  const double beta = process.beta(t);
  double mass = 0, first = 0, second = 0;
  for (int i = -40000; i <= 40000; ++i) {
    const double y = before.scale * x0 + before.deviation * double(i) / 4000;  // ten deviations
    const double a = (y - before.scale * x0) / before.deviation, b = (xt - std::sqrt(1 - beta) * y) / std::sqrt(beta);
    const double p = std::exp(-(a * a + b * b) / 2);
    mass += p;
    first += p * y;
    second += p * y * y;
  }
  first /= mass;
  return {first, second / mass - first * first};
}
}  // namespace

TEST_SUITE("diffusion") {
  TEST_CASE("the posterior is Bayes' rule by integration; the wrong ones are not (A-032, ERR-11, ERR-12)") {
    const Ddpm process(beta_schedule("linear", 50));
    const double x0 = 0.7, xt = -0.4;
    for (const int64_t t : {2, 6, 12}) {
      const Normal truth = by_integration(process, t, x0, xt);
      const Ddpm::Posterior p = process.posterior(t);
      CHECK(p.x0_weight * x0 + p.xt_weight * xt == doctest::Approx(truth.mean).epsilon(1e-6));
      CHECK(p.variance == doctest::Approx(truth.variance).epsilon(1e-5));

      // ERR-12: sqrt(alpha (1 - alpha-bar_{t-1})) / (1 - alpha-bar_t) for the weight of x_t, and the variance upside down.
      const double beta = process.beta(t), now = process.alpha_bar(t), before = process.alpha_bar(t - 1);
      const double wrong_mean = p.x0_weight * x0 + std::sqrt((1 - beta) * (1 - before)) / (1 - now) * xt;
      CHECK(std::abs(wrong_mean - truth.mean) > 0.02);
      CHECK(std::abs((1 - now) / (1 - before) * beta / truth.variance - 1) > 0.05);
      // ERR-11: the forward kernel's N(sqrt(1 - beta) x_t, beta).
      CHECK(std::abs(std::sqrt(1 - beta) * xt - truth.mean) > 0.005);
      CHECK(std::abs(beta / truth.variance - 1) > 0.02);
    }
  }

  TEST_CASE("t steps of the forward chain are one step to sqrt(alpha-bar_t) x_0, not to alpha-bar_t x_0 (A-030, ERR-54)") {
    const Ddpm process(beta_schedule("cosine", 30));
    double m = 1, v = 0;
    for (int64_t t = 0; t < 30; ++t) {
      m *= std::sqrt(1 - process.beta(t));
      v = (1 - process.beta(t)) * v + process.beta(t);
      CHECK(process.marginal(t).scale == doctest::Approx(m).epsilon(1e-12));
      CHECK(std::pow(process.marginal(t).deviation, 2) == doctest::Approx(v).epsilon(1e-12));
      if (t > 5 && t < 25) CHECK(std::abs(process.alpha_bar(t) - m) > 0.05);
    }
  }

  TEST_CASE("the posterior's mean by x_0, by epsilon and by the score, with bars where they belong (A-041, A-043, ERR-78)") {
    const Ddpm process(beta_schedule("linear", 50));
    for (const int64_t t : {1, 20, 49}) {
      const double x0 = 0.3, eps = -1.1, beta = process.beta(t), alpha = 1 - beta;
      const auto [a, d] = process.marginal(t);
      const double x = a * x0 + d * eps, score = -eps / d;
      const Ddpm::Posterior p = process.posterior(t);
      const double mean = p.x0_weight * x0 + p.xt_weight * x;
      CHECK((x - beta / d * eps) / std::sqrt(alpha) == doctest::Approx(mean).epsilon(1e-10));
      CHECK((x + beta * score) / std::sqrt(alpha) == doctest::Approx(mean).epsilon(1e-10));
      CHECK((x - d * eps) / a == doctest::Approx(x0).epsilon(1e-10));
      if (t == 20) {  // alpha for alpha-bar in either place
        CHECK(std::abs((x - std::sqrt(1 - alpha) * eps) / std::sqrt(alpha) - x0) > 0.1);
        CHECK(std::abs((x - beta / std::sqrt(1 - alpha) * eps) / std::sqrt(alpha) - mean) > 0.1);
      }
    }
  }

  TEST_CASE("errors of mean, epsilon, x_0, score and v, weighted, are one KL (A-036, A-038, A-039, A-040)") {
    const Ddpm process(beta_schedule("cosine", 60));
    const double x0 = 0.4, guess = -0.2, eps = 0.9;
    for (const int64_t t : {1, 30, 58})
      for (const ReverseVariance variance : {ReverseVariance::posterior, ReverseVariance::beta}) {
        const auto [a, d] = process.marginal(t);
        const double x = a * x0 + d * eps, guessed_eps = (x - a * guess) / d;
        const Ddpm::Posterior p = process.posterior(t);
        const double sigma2 = std::exp(reverse_log_variance(process, t, variance));
        const double mean = p.x0_weight * x0 + p.xt_weight * x, guessed_mean = p.x0_weight * guess + p.xt_weight * x;
        const double kl = gaussian_kl(mean, p.variance, guessed_mean, sigma2) - gaussian_kl(0, p.variance, 0, sigma2);
        const KlWeights w = kl_weights(process, t, sigma2);
        CHECK(w.mean * std::pow(mean - guessed_mean, 2) == doctest::Approx(kl).epsilon(1e-9));
        CHECK(w.epsilon * std::pow(eps - guessed_eps, 2) == doctest::Approx(kl).epsilon(1e-9));
        CHECK(w.x0 * std::pow(x0 - guess, 2) == doctest::Approx(kl).epsilon(1e-9));
        CHECK(w.score * std::pow((eps - guessed_eps) / d, 2) == doctest::Approx(kl).epsilon(1e-9));
        const double v = a * eps - d * x0, guessed_v = a * guessed_eps - d * guess;
        CHECK(w.v * std::pow(v - guessed_v, 2) == doctest::Approx(kl).epsilon(1e-9));
      }
    // At t = 0: -log p(x_0 | x_1) as a density, less what does not depend on the guess.
    const KlWeights first = kl_weights(process, 0, 0.01);
    CHECK(first.x0 == doctest::Approx(1 / 0.02).epsilon(1e-9));
    CHECK_THROWS_AS(kl_weights(process, 60, 0.1), Error);
    CHECK_THROWS_AS(kl_weights(process, 1, 0), Error);
  }

  TEST_CASE("DDPM's loss and denoising score matching have one gradient, up to the weight 1 - alpha-bar (A-037, A-039, A-045)") {
    // s(x) = -f(x) / sqrt(1 - alpha-bar) for a network f that predicts epsilon; the target is the score of q(x_t | x_0).
    const Ddpm process(beta_schedule("linear", 50));
    Generator g{.seed = 13};
    const Tensor w1 = variable(normal({3, 8}, g, DType::f64)), w2 = variable(normal({8, 3}, g, DType::f64));
    const Tensor x0 = normal({20, 3}, g, DType::f64), eps = normal({20, 3}, g, DType::f64);
    for (const int64_t t : {0, 10, 49}) {
      const auto [a, d] = process.marginal(t);
      const Tensor x = x0 * a + eps * d, f = matmul(tanh(matmul(x, w1)), w2);
      const Tensor score = f / -d, target = (x0 * a - x) / (d * d);
      const Tensors ddpm = grad(mean(square(eps - f)), {w1, w2}, {.keep_graph = true});
      const Tensors matching = grad(mean(square(score - target)) * (d * d), {w1, w2});
      for (size_t k = 0; k < 2; ++k) {
        const std::vector<double> p = ddpm[k].to_vector<double>(), q = matching[k].to_vector<double>();
        for (size_t i = 0; i < p.size(); ++i) CHECK(p[i] == doctest::Approx(q[i]).epsilon(1e-9).scale(1e-3));
      }
    }
  }

  TEST_CASE("regression on x_t finds E[x_{t-1} | x_t] with E[x_0 | x_t] in the place of x_0 (A-044)") {
    // Data of two points, 1 with probability 0.7 and -1. Pairs (x_{t-1}, x_t) of the chain, averaged in bins of x_t.
    const Ddpm process(beta_schedule("linear", 20));
    const int64_t n = 200000, t = 10;
    const auto [a, d] = process.marginal(t);
    const Marginal before = process.marginal(t - 1);
    const Ddpm::Posterior p = process.posterior(t);
    const auto expected_x0 = [a = a, d = d](double x) {
      const double up = 0.7 * std::exp(-(x - a) * (x - a) / (2 * d * d)), down = 0.3 * std::exp(-(x + a) * (x + a) / (2 * d * d));
      return (up - down) / (up + down);
    };
    const std::vector<double> z = normal_from({n, 2}, {.seed = 11}, 0, DType::f64).to_vector<double>();
    const std::vector<double> u = uniform_from({n}, {.seed = 12}, 0, 0, 1, DType::f64).to_vector<double>();
    struct Bin {
      double count = 0, gap = 0, square = 0, blind = 0;
    };
    std::vector<Bin> bins(12);
    for (size_t i = 0; i < size_t(n); ++i) {
      const double x0 = u[i] < 0.7 ? 1 : -1, y = before.scale * x0 + before.deviation * z[2 * i];
      const double x = std::sqrt(1 - process.beta(t)) * y + std::sqrt(process.beta(t)) * z[2 * i + 1];
      const auto k = int(std::floor((x + 2) * 3));
      if (k < 0 || k >= 12) continue;
      const double gap = y - (p.x0_weight * expected_x0(x) + p.xt_weight * x);
      bins[size_t(k)].count += 1;
      bins[size_t(k)].gap += gap;
      bins[size_t(k)].square += gap * gap;
      bins[size_t(k)].blind += y - (p.x0_weight * x0 + p.xt_weight * x);
    }
    for (const Bin& bin : bins) {
      REQUIRE(bin.count > 500);
      // Both means agree, E(x_{t-1}|x_t, x_0) averaged over x_0 too; within 4.5 standard errors.
      const double error = 4.5 * std::sqrt(bin.square / bin.count / bin.count);
      CHECK(std::abs(bin.gap / bin.count) < error);
      CHECK(std::abs(bin.blind / bin.count) < error);
    }
  }

  TEST_CASE("q(x_{t-1} | x_t) is near to Gaussian for small steps, and far from it for large ones (A-044)") {
    // Data +-1, x_t = 0.3: a mixture of two Gaussians at x0_weight (+-1) + xt_weight x_t. Its KL to the Gaussian of the same mean and variance.
    const auto non_gaussianity = [](double beta, double alpha_bar) {
      const Ddpm process({1 - alpha_bar / (1 - beta), beta});  // two steps that end at alpha_bar
      const auto [a, d] = process.marginal(1);
      const Ddpm::Posterior p = process.posterior(1);
      const double x = 0.3, share = 1 / (1 + std::exp(-2 * a * x / (d * d)));
      const double mean = p.x0_weight * (2 * share - 1) + p.xt_weight * x,
                   variance = p.variance + 4 * p.x0_weight * p.x0_weight * share * (1 - share);
      const auto density = [](double y, double m, double v) { return std::exp(-(y - m) * (y - m) / (2 * v)) / std::sqrt(2 * M_PI * v); };
      double kl = 0;
      const double step = std::sqrt(p.variance) / 50;
      for (double y = mean - 12 * std::sqrt(variance); y < mean + 12 * std::sqrt(variance); y += step) {
        const double q =
            share * density(y, p.xt_weight * x + p.x0_weight, p.variance) + (1 - share) * density(y, p.xt_weight * x - p.x0_weight, p.variance);
        if (q > 0) kl += q * std::log(q / density(y, mean, variance)) * step;
      }
      return kl;
    };
    // The two means lie about 2 beta / sqrt(beta) = 2 sqrt(beta) deviations apart. Skewness falls as that cubed, and the KL as its square: beta^3.
    const double coarse = non_gaussianity(0.04, 0.5), fine = non_gaussianity(0.02, 0.5);
    CHECK(non_gaussianity(0.45, 0.5) > 0.03);
    CHECK(coarse < 1e-4);
    CHECK(std::log2(coarse / fine) == doctest::Approx(3).epsilon(0.15));
  }
}
