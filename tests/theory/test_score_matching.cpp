// Score matching on laws whose score is known; Tweedie's formula; traces.
#include <doctest/doctest.h>

#include "autograd/graph.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/reshape.h"
#include "autograd/ops/unary.h"
#include "diffusion/score_matching.h"
#include "tests/theory/mixture.h"

using namespace ito;
using namespace ito::theory;

namespace {

// Three data points; blurred by N(0, deviation^2) they are a mixture, the law that denoising score matching is about.
const Mixture points{.weights = {0.2, 0.5, 0.3}, .means = {{-1.5}, {0.2}, {1.8}}, .variance = 0};
constexpr double deviation = 0.5;
const Mixture blurred = points.noised(1, deviation);

// A net of one hidden layer, s(x) = W2 tanh(W1 x + b1) + b2, on rows (N, 1).
struct SmallScore {
  Tensor w1 = variable(normals({8, 1}, 81)), b1 = variable(normals({8}, 82)), w2 = variable(normals({1, 8}, 83)), b2 = variable(normals({1}, 84));
  Tensors parameters() const { return {w1, b1, w2, b2}; }
  Tensor operator()(const Tensor& x) const { return linear(tanh(linear(x, w1, b1)), w2, b2); }
};

// A grid of rows (N, 1) and the weights of the trapezoid rule for a mean under a density that is 0 at both ends: exact to rounding.
struct Quadrature {
  Tensor x, weight;
};
template <class F>
Quadrature quadrature(F density) {
  constexpr int64_t count = 801;
  const double low = -8, h = 16.0 / (count - 1);
  Tensor x = Tensor::empty({count, 1}, DType::f64), w = Tensor::empty({count}, DType::f64);
  for (int64_t i = 0; i < count; ++i) {
    x.data<double>()[i] = low + double(i) * h;
    w.data<double>()[i] = h * density(x.data<double>()[i]);
  }
  return {x, w};
}

struct Objective {
  double value;
  std::vector<double> gradient;
};
Objective differentiated(const Tensor& value, const SmallScore& score) {
  Objective o{value.item(), {}};
  for (const Tensor& g : grad(value, score.parameters(), {.allow_unused = true}))
    for (const double v : g.defined() ? g.to_vector<double>() : std::vector<double>{0.0}) o.gradient.push_back(v);
  return o;
}
double gradient_distance(const Objective& a, const Objective& b) {
  double distance = 0, size = 0;
  for (size_t i = 0; i < a.gradient.size(); ++i)
    distance = std::max(distance, std::abs(a.gradient[i] - b.gradient[i])), size = std::max(size, std::abs(a.gradient[i]));
  return distance / size;
}

// E[phi(x_t, x_0)] over data points and noise x_t = scale x_0 + sigma z, for the law and the score at x: sum over the points of their posterior
// weight.
double posterior_mean(const Mixture& prior, double scale, double sigma, double x) {
  std::vector<double> share;
  prior.noised(scale, sigma).components(&x, share);
  double total = 0, mean = 0;
  for (size_t k = 0; k < share.size(); ++k) total += share[k], mean += share[k] * prior.means[k][0];
  return mean / total;
}

}  // namespace

TEST_SUITE("theory") {
  TEST_CASE(
      "explicit, implicit, sliced and denoising score matching: equal gradients, values apart by numbers without the score (A-060, A-061, A-062, "
      "A-064)") {
    const Quadrature q = quadrature([](double x) { return blurred.density(x); });
    const RowMap truth = [](const Tensor& x) { return blurred.score(x.detach()); };
    // E|grad log p|^2 / 2 and its counterpart E|z/sigma|^2 / 2 of the conditional law: what the objectives differ by.
    const double fisher = sum(q.weight * square(truth(q.x)).view(q.weight.shape())).item() / 2;
    double apart_before = 0;
    for (int model = 0; model < 2; ++model) {
      SmallScore score;
      if (model == 1) score.w2 = variable(score.w2.detach() * -0.3);
      const RowMap s = [&](const Tensor& x) { return score(x); };
      const Objective esm = differentiated(sum(q.weight * explicit_score_matching(s, truth, q.x)), score);
      const Objective ism = differentiated(sum(q.weight * implicit_score_matching(s, q.x)), score);
      // In one dimension v^T J v = v^2 J: a probe of 1 is exact.
      const Objective sliced = differentiated(sum(q.weight * sliced_score_matching(s, q.x, Tensor::ones(q.x.shape(), DType::f64))), score);
      Tensor denoising = Tensor::scalar(0, DType::f64);
      for (size_t k = 0; k < 3; ++k) {  // the mean over z as a quadrature over z = (x - x_k) / sigma
        const double point = points.means[k][0];
        const Quadrature z = quadrature([](double v) { return normal_density(v, 0, 1); });
        const Tensor rows = Tensor::full(z.x.shape(), point, DType::f64);
        denoising = denoising + sum(z.weight * denoising_score_matching(s, rows, z.x, deviation)) * points.weights[k];
      }
      const Objective dsm = differentiated(denoising, score);
      for (const Objective* o : {&ism, &sliced, &dsm}) CHECK(gradient_distance(esm, *o) < 1e-9);
      CHECK(ism.value == doctest::Approx(sliced.value).epsilon(1e-12));
      CHECK(esm.value - ism.value == doctest::Approx(fisher).epsilon(1e-9));  // Hyvarinen 2005: by parts
      CHECK(dsm.value - ism.value == doctest::Approx(1 / (2 * deviation * deviation)).epsilon(1e-9));
      if (model == 1) CHECK(dsm.value - esm.value == doctest::Approx(apart_before).epsilon(1e-9));
      apart_before = dsm.value - esm.value;
      // ERR-57: with the target (x~ - x)/sigma for (x~ - x)/sigma^2 the minimum is another score. (ERR-13: the gradient is by the noised x~.)
      Tensor by_sigma = Tensor::scalar(0, DType::f64);
      for (size_t k = 0; k < 3; ++k) {
        const Quadrature z = quadrature([](double v) { return normal_density(v, 0, 1); });
        by_sigma = by_sigma + sum(z.weight * squeeze(square(s(z.x * deviation + points.means[k][0]) + z.x), 1)) * (points.weights[k] / 2);
      }
      CHECK(gradient_distance(esm, differentiated(by_sigma, score)) > 0.01);
    }
    // ERR-18, ERR-90: the denoising and the implicit objective have been called explicit. Only the explicit one is 0 at the truth.
    const auto at_truth = [&](const Tensor& rows) { return sum(q.weight * rows).item(); };
    const RowMap differentiable_truth = [](const Tensor& x) {
      Tensor numerator, denominator;
      for (size_t k = 0; k < 3; ++k) {
        const Tensor share = exp(square(x - blurred.means[k][0]) * (-0.5 / blurred.variance)) * blurred.weights[k];
        const Tensor part = share * (blurred.means[k][0] - x) / blurred.variance;
        numerator = k ? numerator + part : part;
        denominator = k ? denominator + share : share;
      }
      return numerator / (denominator + 1e-300);
    };
    CHECK(at_truth(explicit_score_matching(differentiable_truth, truth, q.x)) < 1e-20);
    CHECK(at_truth(implicit_score_matching(differentiable_truth, q.x)) == doctest::Approx(-fisher).epsilon(1e-9));  // the minimum of the implicit one
  }

  TEST_CASE("the score of noised data is the mean of the conditional scores, and no other function of x_t is nearer to them (A-065)") {
    for (const double sigma : {0.2, 1.0}) {
      const Mixture law = points.noised(0.8, sigma);
      double at_score = 0, beside = 0;
      const double h = 0.01;
      for (double x = -6; x <= 6; x += h) {
        const double s = law.score(Tensor::full({1}, x, DType::f64)).item(), difference = 1e-5;
        // By differences of the log density, and as E[-(x - a x_0)/sigma^2 | x].
        const double up = x + difference, down = x - difference;
        CHECK(s == doctest::Approx((law.log_density(&up) - law.log_density(&down)) / (2 * difference)).epsilon(1e-5));
        CHECK(s == doctest::Approx((0.8 * posterior_mean(points, 0.8, sigma, x) - x) / (sigma * sigma)).epsilon(1e-10));
        for (size_t k = 0; k < 3; ++k) {  // E|f(x_t) - conditional score|^2 for f the score, and for f a tenth off
          const double w = points.weights[k] * normal_density(x, 0.8 * points.means[k][0], sigma * sigma) * h;
          const double conditional = (0.8 * points.means[k][0] - x) / (sigma * sigma);
          at_score += w * (s - conditional) * (s - conditional);
          beside += w * (s + 0.1 - conditional) * (s + 0.1 - conditional);
        }
      }
      CHECK(beside - at_score == doctest::Approx(0.01).epsilon(1e-6));  // Pythagoras: the conditional mean is a projection
    }
  }

  TEST_CASE("Tweedie: E[x_0 | x_t] = (x_t + (1 - alpha-bar) score) / sqrt(alpha-bar); alpha for alpha-bar is wrong (A-066)") {
    const double alpha = 0.9, alpha_bar = 0.35;
    const Mixture law = points.noised(std::sqrt(alpha_bar), std::sqrt(1 - alpha_bar));
    const auto tweedie = [&](double x, double a) { return (x + (1 - a) * law.score(Tensor::full({1}, x, DType::f64)).item()) / std::sqrt(a); };
    double wrong = 0;
    for (double x = -3; x <= 3; x += 0.25) {
      const double expected = posterior_mean(points, std::sqrt(alpha_bar), std::sqrt(1 - alpha_bar), x);
      CHECK(tweedie(x, alpha_bar) == doctest::Approx(expected).epsilon(1e-10));
      wrong = std::max(wrong, std::abs(tweedie(x, alpha) - expected));
    }
    CHECK(wrong > 0.5);  // ERR-55: without the bars
    // With scale 1, E[x | y] = y + sigma^2 score(y); on a wide prior, too: N(0, v) gives y v / (v + sigma^2).
    const Mixture wide = Mixture{.weights = {1}, .means = {{0}}, .variance = 4}.noised(1, deviation);
    const double y = 1.3;
    CHECK(y + deviation * deviation * wide.score(Tensor::full({1}, y, DType::f64)).item() == doctest::Approx(y * 4 / 4.25).epsilon(1e-12));
  }

  TEST_CASE("for little noise the posterior is N(y + sigma^2 score(y), sigma^2) to first order (A-067)") {
    // Prior p a mixture of two Gaussians of variance 1: the posterior of x given y = x + sigma z is one, too, its moments in closed form.
    const Mixture prior{.weights = {0.4, 0.6}, .means = {{-1}, {1}}, .variance = 1};
    std::vector<double> log_variance, log_mean_error, log_variance_error;
    const double y = 0.4;
    for (const double variance : {0.04, 0.02, 0.01, 0.005}) {
      std::vector<double> share;
      prior.noised(1, std::sqrt(variance)).components(&y, share);
      const double rest = variance / (1 + variance);  // of x given y and the component, whose mean is (m variance + y) / (1 + variance)
      double total = 0, mean = 0, square = 0;
      for (size_t k = 0; k < 2; ++k) {
        const double m = (prior.means[k][0] * variance + y) / (1 + variance);
        total += share[k], mean += share[k] * m, square += share[k] * (m * m + rest);
      }
      mean /= total, square /= total;
      log_variance.push_back(std::log(variance));
      log_mean_error.push_back(std::log(std::abs(mean - (y + variance * prior.score(Tensor::full({1}, y, DType::f64)).item()))));
      log_variance_error.push_back(std::log(std::abs(square - mean * mean - variance)));
    }
    CHECK(slope(log_variance, log_mean_error) == doctest::Approx(2).epsilon(0.05));  // what is left out is of the order of sigma^4
    CHECK(slope(log_variance, log_variance_error) == doctest::Approx(2).epsilon(0.05));
  }

  TEST_CASE("traces: exact by d backward passes, Hutchinson's unbiased with the known variance for Gaussian, Rademacher and sphere probes (A-063)") {
    // f(x) = A x with A symmetric: v^T A v has a variance in closed form for each law (diffusion/trace.h).
    constexpr int64_t d = 4, rows = 40000;
    const Tensor half = normals({d, d}, 85);
    Tensor a = Tensor::empty({d, d}, DType::f64);
    double trace = 0, frobenius = 0, diagonal = 0;
    for (int64_t i = 0; i < d; ++i)
      for (int64_t j = 0; j < d; ++j) {
        const double v = half.data<double>()[i * d + j] + half.data<double>()[j * d + i] + (i == j ? 1 : 0);
        a.data<double>()[i * d + j] = v;
        frobenius += v * v;
        if (i == j) trace += v, diagonal += v * v;
      }
    const RowMap f = [&](const Tensor& x) { return matmul(x, a); };
    CHECK(jacobian_trace(f, normals({3, d}, 86)).trace.data<double>()[1] == doctest::Approx(trace).epsilon(1e-13));
    const Tensor x = normals({rows, d}, 87);
    for (const auto& [law, variance] : {std::pair{Probe::gaussian, 2 * frobenius}, std::pair{Probe::rademacher, 2 * (frobenius - diagonal)},
                                        std::pair{Probe::sphere, 2 * (d * frobenius - trace * trace) / (d + 2)}}) {
      const Tensor v = probes(law, {rows, d}, {.seed = 88}, 0, DType::f64);
      const ValueAndTrace result = hutchinson_trace(f, x, v);
      CHECK(deviations(estimate(values(result.trace)), trace) < 5);
      CHECK(deviations(estimate_of(values(result.trace), [&](double t) { return (t - trace) * (t - trace); }), variance) < 5);
      CHECK(result.value.to_vector<double>() == f(x).to_vector<double>());
      for (int64_t i = 0; i < rows * d; i += 31) {
        if (law == Probe::rademacher) CHECK(std::abs(v.data<double>()[i]) == 1);
        if (law == Probe::sphere) CHECK(sum(square(v.rows(i / d, i / d + 1))).item() == doctest::Approx(d).epsilon(1e-13));
      }
      // Rows are the same in any batch.
      const std::vector<double> part = probes(law, {2, d}, {.seed = 88}, 100, DType::f64).to_vector<double>();
      for (size_t i = 0; i < part.size(); ++i) CHECK(part[i] == v.data<double>()[100 * d + int64_t(i)]);
    }
    // A constant map has no Jacobian, and the trace of x^3, elementwise, is 3 x^2 summed; also where nothing is recorded, and differentiable where it
    // is.
    CHECK(jacobian_trace([](const Tensor& v) { return Tensor::ones(v.shape(), v.dtype()); }, x.rows(0, 2)).trace.data<double>()[0] == 0);
    const RowMap cube = [](const Tensor& v) { return square(v) * v; };
    const Tensor few = variable(normals({2, 3, 1}, 89));
    const Tensor t = jacobian_trace(cube, few).trace;
    CHECK(t.data<double>()[0] == doctest::Approx(3 * sum(square(few.rows(0, 1))).item()).epsilon(1e-13));
    CHECK(grad(sum(t), {few})[0].data<double>()[4] == doctest::Approx(6 * few.data<double>()[4]).epsilon(1e-13));
    const NoGrad guard;
    const Tensor unrecorded = hutchinson_trace(cube, few, Tensor::ones({2, 3, 1}, DType::f64)).trace;
    CHECK(unrecorded.data<double>()[0] == doctest::Approx(t.data<double>()[0]).epsilon(1e-13));
    CHECK_FALSE(requires_grad(unrecorded));
    CHECK_THROWS_WITH_AS(hutchinson_trace(cube, few, Tensor::ones({2, 3}, DType::f64)), doctest::Contains("probes of shape"), Error);
    CHECK_THROWS_WITH_AS(jacobian_trace([](const Tensor& v) { return sum(v); }, few), doctest::Contains("gave"), Error);
  }

  TEST_CASE("data on a line: implicit score matching has no minimum until noise lifts the data off it (A-017, A-246)") {
    // Data (u, 0), u ~ N(0, 1), and the score (-u, -c y): the objective is c^2 sigma^2 / 2 - c + a number, in y. Without noise it falls for ever as c
    // grows; with noise its minimum is at c = 1/sigma^2, the score of N(0, sigma^2).
    const auto objective = [](double c, double sigma) {
      const Tensor z = normals({2000, 2}, 90);
      Tensor x = z.clone();
      double squares = 0;
      for (int64_t i = 0; i < 2000; ++i)
        x.data<double>()[2 * i + 1] *= sigma, squares += z.data<double>()[2 * i + 1] * z.data<double>()[2 * i + 1] / 2000;
      const Tensor rates = Tensor::from<double>({1, c});
      return std::pair{mean(implicit_score_matching([&](const Tensor& v) { return v * rates * -1.0; }, x)).item(), squares};
    };
    for (const double c : {1.0, 10.0, 100.0}) CHECK(objective(10 * c, 0).first == doctest::Approx(objective(c, 0).first - 9 * c).epsilon(1e-9));
    const double sigma = 0.1, best = 1 / (sigma * sigma * objective(1, sigma).second);  // of these 2,000 draws
    CHECK(best == doctest::Approx(1 / (sigma * sigma)).epsilon(0.15));
    CHECK(objective(best, sigma).first < objective(best * 1.01, sigma).first);
    CHECK(objective(best, sigma).first < objective(best / 1.01, sigma).first);
  }
}
