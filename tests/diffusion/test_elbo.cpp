// The variational bound of DDPM against closed forms.
#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "autograd/gradcheck.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/unary.h"
#include "diffusion/elbo.h"
#include "diffusion/schedule.h"

using namespace ito;

namespace {
constexpr double ln2 = std::numbers::ln2;

Tensor f64(double value) { return Tensor::scalar(value, DType::f64); }

// Data N(mu, s^2): everything about x_{t-1} and x_t is Gaussian, and E[x_0 | x_t] is linear.
struct GaussianData {
  const Ddpm& process;
  double mu = 0.3, s = 0.5;

  double gain(int64_t t) const {  // of E[x_0 | x_t] = mu + gain (x_t - scale mu)
    const auto [a, d] = process.marginal(t);
    return a * s * s / (a * a * s * s + d * d);
  }
  double left(int64_t t) const { return s * s * (1 - gain(t) * process.marginal(t).scale); }  // Var[x_0 | x_t]
  double step_variance(int64_t t) const {                                                     // Var[x_{t-1} | x_t]
    const Ddpm::Posterior p = process.posterior(t);
    return p.variance + p.x0_weight * p.x0_weight * left(t);
  }
  Tensor x0(const Tensor& x, int64_t t) const { return (x - process.marginal(t).scale * mu) * gain(t) + mu; }
  // E_q -log p(x_{t-1} | x_t) for the reverse step with variance sigma^2, nats.
  double cross_entropy(int64_t t, double sigma2) const { return (std::log(2 * M_PI * sigma2) + step_variance(t) / sigma2) / 2; }
};
}  // namespace

TEST_SUITE("diffusion") {
  TEST_CASE("KL of two Gaussians is the integral that defines it, 0 for equal ones, and differentiable (A-015)") {
    struct Pair {
      double m1, v1, m2, v2;
    };
    for (const auto& [m1, v1, m2, v2] : {Pair{0, 1, 0, 1}, Pair{0.5, 0.3, -0.2, 2}, Pair{-1, 4, 1, 0.5}}) {
      const auto log_density = [](double x, double m, double v) { return -(x - m) * (x - m) / (2 * v) - std::log(2 * M_PI * v) / 2; };
      double sum = 0;  // trapezium over +-12 deviations: exact to rounding for what falls off like a Gaussian
      const double step = std::sqrt(v1) / 100;
      for (int i = -1200; i <= 1200; ++i) {
        const double x = m1 + i * step, log_p = log_density(x, m1, v1);
        sum += std::exp(log_p) * (log_p - log_density(x, m2, v2)) * step;
      }
      CHECK(gaussian_kl(m1, v1, m2, v2) == doctest::Approx(sum).epsilon(1e-9));
      CHECK(gaussian_kl(f64(m1), f64(std::log(v1)), f64(m2), f64(std::log(v2))).item() == doctest::Approx(sum).epsilon(1e-9));
      CHECK(gaussian_kl(m1, v1, m2, v2) >= 0);
    }
    Generator g{.seed = 5};
    const auto some = [&] { return normal({2, 3}, g, DType::f64); };
    CHECK(gradcheck([](const Tensors& x) { return gaussian_kl(x[0], x[1], x[2], x[3]); }, {some(), some(), some(), some()}) == "");
  }

  TEST_CASE("probabilities of the 256 bytes sum to one, and are masses under the density (A-034)") {
    std::vector<double> bytes(256);
    for (size_t i = 0; i < 256; ++i) bytes[i] = double(i) / 127.5 - 1;
    const Tensor x = Tensor::from<double>(bytes);
    const auto probability = [&](double mean, double deviation) {
      return exp(discretised_gaussian_log_likelihood(x, f64(mean), f64(2 * std::log(deviation)))).to_vector<double>();
    };
    for (const double mean : {-1.2, -0.3, 0.0, 0.71, 1.0})
      for (const double deviation : {0.003, 0.05, 0.4, 3.0}) {
        const auto p = probability(mean, deviation);
        double sum = 0;
        for (const double value : p) sum += value;
        CHECK(sum == doctest::Approx(1).epsilon(1e-9));
        for (const size_t i : {1, 100, 200, 254}) {  // the density in the middle of the bin, to the second order of its width
          const double z = (bytes[i] - mean) / deviation, w = 2.0 / 255 / deviation;
          const double middle = std::exp(-z * z / 2) / std::sqrt(2 * M_PI) * w * (1 + (z * z - 1) * w * w / 24);
          if (w < 0.2 && std::abs(z) < 5) CHECK(p[i] == doctest::Approx(middle).epsilon(1e-3));
        }
      }
    // Far away the mass counts as 1e-12.
    CHECK(discretised_gaussian_log_likelihood(f64(0.5), f64(-0.5), f64(-10)).item() == doctest::Approx(std::log(1e-12)));
    Generator g{.seed = 6};
    const Tensor edges = Tensor::from<double>({-1, -1, 0.3 / 127.5, 1, 1, 99 / 127.5});
    CHECK(gradcheck([&](const Tensors& in) { return discretised_gaussian_log_likelihood(edges, in[0], in[1]); },
                    {normal({6}, g, DType::f64) * 0.2, normal({6}, g, DType::f64) * 0.5 - 1.0}) == "");
  }

  TEST_CASE("the tanh of other programs is off by up to 2e-4 from the normal distribution function (A-034)") {
    double worst = 0;
    for (double z = -5; z <= 5; z += 0.001)
      worst = std::max(worst, std::abs((1 + std::tanh(std::sqrt(2 / M_PI) * (z + 0.044715 * z * z * z))) / 2 - (1 + std::erf(z / std::sqrt(2))) / 2));
    CHECK(worst > 1e-4);
    CHECK(worst < 2e-4);
  }

  TEST_CASE("fixed variances: beta and beta-tilde, and at t = 0 that of t = 1 (A-042)") {
    const Ddpm process(beta_schedule("linear", 50));
    for (const int64_t t : {1, 20, 49}) {
      CHECK(std::exp(reverse_log_variance(process, t, ReverseVariance::posterior)) == doctest::Approx(process.posterior(t).variance).epsilon(1e-12));
      CHECK(std::exp(reverse_log_variance(process, t, ReverseVariance::beta)) == doctest::Approx(process.beta(t)).epsilon(1e-12));
      CHECK(reverse_log_variance(process, t, ReverseVariance::posterior) < reverse_log_variance(process, t, ReverseVariance::beta));
    }
    CHECK(reverse_log_variance(process, 0, ReverseVariance::posterior) == reverse_log_variance(process, 1, ReverseVariance::posterior));
    CHECK(std::isfinite(reverse_log_variance(Ddpm({0.5}), 0, ReverseVariance::posterior)));
    CHECK(reverse_variance_named("beta") == ReverseVariance::beta);
    CHECK_THROWS_AS(reverse_variance_named("fixed"), Error);
  }

  TEST_CASE("on Gaussian data every term of the bound is what integration gives (A-034, A-035)") {
    const Ddpm process(beta_schedule("linear", 25));
    const GaussianData data{process};
    const int64_t n = 40000;
    Generator g{.seed = 7};
    const Tensor x0 = normal({n, 1}, g, DType::f64) * data.s + data.mu;
    const double moment = mean(x0 * x0).item();
    for (const ReverseVariance variance : {ReverseVariance::posterior, ReverseVariance::beta}) {
      const ReverseModel model = [&](const Tensor& x, int64_t t) { return ReversePrediction{data.x0(x, t)}; };
      const Elbo bound = elbo(process, model, x0, {.variance = variance, .decoder = Decoder::density});
      CHECK(bound.prior == doctest::Approx(prior_kl(beta_schedule("linear", 25), moment).bits).epsilon(1e-9));
      double total = bound.prior, scatter = 0;
      for (int64_t t = 0; t < 25; ++t) {
        const Ddpm::Posterior p = process.posterior(t);
        const double sigma2 = std::exp(reverse_log_variance(process, t, variance));
        const double error = p.x0_weight * p.x0_weight * data.left(t);  // E |mu(x_0) - mu(E x_0)|^2
        const double expected = t == 0 ? data.cross_entropy(0, sigma2) : (std::log(sigma2 / p.variance) + (p.variance + error) / sigma2 - 1) / 2;
        // The only random part is a square with mean error / sigma^2 / 2, which scatters by sqrt(2) of that: five standard errors.
        const double tolerance = 5 * std::sqrt(2.0) * error / sigma2 / 2 / std::sqrt(double(n)) / ln2;
        CHECK(std::abs(bound.terms[size_t(t)] - expected / ln2) < tolerance + 1e-12);
        total += expected / ln2;
        scatter += tolerance;
      }
      CHECK(std::abs(bound.total() - total) < scatter);
    }
  }

  TEST_CASE("the terms sum to the bound as it is defined, E log q(x_1 .. x_T | x_0) - log p(x_0 .. x_T) (A-031, A-034)") {
    // Of linear models on Gaussian data both are integrals of squares. The definition has one reverse step beside one forward step.
    const Ddpm process(beta_schedule("linear", 40));
    const GaussianData data{process};
    const Marginal last = process.marginal(39);
    const double second_moment = data.mu * data.mu + data.s * data.s;
    for (const ReverseVariance variance : {ReverseVariance::posterior, ReverseVariance::beta}) {
      double terms = prior_kl(beta_schedule("linear", 40), second_moment).nats;
      double definition = (std::log(2 * M_PI) + last.scale * last.scale * second_moment + last.deviation * last.deviation) / 2;  // -log p(x_T)
      for (int64_t t = 0; t < 40; ++t) {
        const Ddpm::Posterior p = process.posterior(t);
        const double sigma2 = std::exp(reverse_log_variance(process, t, variance));
        terms += t == 0 ? data.cross_entropy(0, sigma2)
                        : (std::log(sigma2 / p.variance) + (p.variance + p.x0_weight * p.x0_weight * data.left(t)) / sigma2 - 1) / 2;
        definition += data.cross_entropy(t, sigma2) - (std::log(2 * M_PI * process.beta(t)) + 1) / 2;  // less the entropy of q(x_t | x_{t-1})
      }
      CHECK(terms == doctest::Approx(definition).epsilon(1e-10));
    }
  }

  TEST_CASE("with the right variance on Gaussian data the bound is tight: the entropy, and what x_T differs from the prior (A-034, A-042)") {
    const Ddpm process(beta_schedule("linear", 25));
    const GaussianData data{process};
    const int64_t n = 40000;
    Generator g{.seed = 8};
    const Tensor x0 = normal({n, 1}, g, DType::f64) * data.s + data.mu;
    const ReverseModel exact = [&](const Tensor& x, int64_t t) { return ReversePrediction{data.x0(x, t), f64(std::log(data.step_variance(t)))}; };
    const ElboOptions o{.decoder = Decoder::density};
    const double bound = elbo(process, exact, x0, o).total();
    const Marginal last = process.marginal(24);
    const double entropy = std::log(2 * M_PI * M_E * data.s * data.s) / 2;
    const double v = last.scale * last.scale * data.s * data.s + last.deviation * last.deviation;
    // The terms' variances add up to about 1 nat^2 (the last test here measures them): five standard errors are 5 sqrt(1 / n) / ln 2 = 0.036.
    CHECK(std::abs(bound - (entropy + gaussian_kl(last.scale * data.mu, v, 0, 1)) / ln2) < 0.036);
    const ReverseModel fixed = [&](const Tensor& x, int64_t t) { return ReversePrediction{data.x0(x, t)}; };
    for (const ReverseVariance variance : {ReverseVariance::posterior, ReverseVariance::beta})
      CHECK(elbo(process, fixed, x0, {.variance = variance, .decoder = Decoder::density}).total() > bound + 0.02);
  }

  TEST_CASE("the bound draws noise of its own for every time") {
    const Ddpm process(beta_schedule("cosine", 5));
    const Tensor x0 = Tensor::zeros({10000, 1}, DType::f64);
    Tensors noise;
    const ReverseModel listens = [&](const Tensor& x, int64_t t) {
      noise.push_back(x / process.marginal(t).deviation);
      return ReversePrediction{x0};
    };
    elbo(process, listens, x0);
    for (size_t t = 0; t < 5; ++t) {
      CHECK(mean(noise[t] * noise[t]).item() == doctest::Approx(1).epsilon(0.07));  // deviation sqrt(2 / n) = 0.014
      if (t > 0) CHECK(std::abs(mean(noise[t] * noise[t - 1]).item()) < 0.05);      // deviation 0.01
    }
  }

  TEST_CASE("L_0 is a likelihood: as a KL it would be infinite (ERR-79)") {
    const Ddpm process(beta_schedule("cosine", 30));
    CHECK(process.posterior(0).variance == 0);  // q(x_0 | x_1, x_0) is a point
    CHECK(std::isinf(gaussian_kl(0.0, process.posterior(0).variance, 0.1, 0.01)));
    const Tensor x0 = Tensor::from<double>({-1, 0.2, 1}, {3, 1}), t = Tensor::zeros({3}, DType::i64);
    for (const double bits : elbo_terms(process, x0, x0, t, x0, f64(-6)).to_vector<double>()) CHECK((std::isfinite(bits) && bits > 0));
  }

  TEST_CASE("bytes that are all equally probable cost at least 8 bits each, whatever the model (A-034)") {
    const Ddpm process(beta_schedule("cosine", 60));
    Generator g{.seed = 9};
    const Tensor bytes = randint({3000, 2}, 0, 256, g);
    const Tensor x0 = bytes.to(DType::f32) / 127.5 - 1.0;
    const ReverseModel model = [&](const Tensor& x, int64_t t) { return ReversePrediction{clamp(x / process.marginal(t).scale, -1, 1)}; };
    const ReverseModel knows = [&](const Tensor&, int64_t) { return ReversePrediction{x0}; };  // sees the answer: not a model of x_t
    CHECK(elbo(process, model, x0).total() > 8);
    CHECK(elbo(process, knows, x0).total() < 8);
    for (const double term : elbo(process, model, x0).terms) CHECK(term >= 0);
  }

  TEST_CASE("term by term the bound's other form scatters more, with the same sum; as a KL of neighbours it is another number (A-033)") {
    // The other form has log q(x_t | x_{t-1}) - log p(x_t | x_{t+1}) for the terms between the ends. Notes write that as
    // E KL(q(x_t | x_{t-1}) || p(x_t | x_{t+1})) over x_{t-1} and x_{t+1}, as if x_t did not depend on x_{t+1}, too.
    constexpr int64_t T = 30, n = 4000;
    const Ddpm process(beta_schedule("linear", T));
    const GaussianData data{process};
    const std::vector<double> z = normal_from({n, T + 1}, {.seed = 10}, 0, DType::f64).to_vector<double>();
    const auto reverse_mean = [&](double x, int64_t t) {
      const Ddpm::Posterior p = process.posterior(t);
      return p.x0_weight * (data.mu + data.gain(t) * (x - process.marginal(t).scale * data.mu)) + p.xt_weight * x;
    };
    const auto log_density = [](double x, double m, double v) { return -(std::log(2 * M_PI * v) + (x - m) * (x - m) / v) / 2; };
    struct Average {
      double mean = 0, square = 0;
      void add(double value) {
        mean += value / double(n);
        square += value * value / double(n);
      }
      double variance() const { return square - mean * mean; }
    };
    struct Form {
      std::vector<Average> terms = std::vector<Average>(T + 1);  // [T]: the end
      Average path;                                              // their sum
      double scatter() const {                                   // of the sum when every term is drawn from a path of its own, as in training
        double sum = 0;
        for (const Average& term : terms) sum += term.variance();
        return sum;
      }
      void add(const std::vector<double>& values) {
        double sum = 0;
        for (size_t t = 0; t < values.size(); ++t) {
          terms[t].add(values[t]);
          sum += values[t];
        }
        path.add(sum);
      }
    } low, other, of_neighbours;
    const Marginal last = process.marginal(T - 1);
    for (int64_t i = 0; i < n; ++i) {
      const double* draw = z.data() + i * (T + 1);
      std::vector<double> x{data.mu + data.s * draw[T]};  // x[0] is the data; x[t + 1] has the index t of the process
      for (int64_t t = 0; t < T; ++t) x.push_back(std::sqrt(1 - process.beta(t)) * x.back() + std::sqrt(process.beta(t)) * draw[t]);
      const auto forward_mean = [&](int64_t t) { return std::sqrt(1 - process.beta(t)) * x[size_t(t)]; };
      std::vector<double> a{-log_density(x[0], reverse_mean(x[1], 0), process.beta(0))}, b = a, c = a;
      for (int64_t t = 1; t < T; ++t) {
        const Ddpm::Posterior p = process.posterior(t);
        const double now = x[size_t(t)], after = x[size_t(t) + 1], model = reverse_mean(after, t);
        a.push_back(gaussian_kl(p.x0_weight * x[0] + p.xt_weight * after, p.variance, model, process.beta(t)));
        b.push_back(log_density(now, forward_mean(t - 1), process.beta(t - 1)) - log_density(now, model, process.beta(t)));
        c.push_back(gaussian_kl(forward_mean(t - 1), process.beta(t - 1), model, process.beta(t)));
      }
      a.push_back(gaussian_kl(last.scale * x[0], last.deviation * last.deviation, 0, 1));
      b.push_back(gaussian_kl(forward_mean(T - 1), process.beta(T - 1), 0, 1));
      c.push_back(b.back());
      low.add(a);
      other.add(b);
      of_neighbours.add(c);
    }
    const auto apart = [&](const Form& p, const Form& q) {  // in standard errors
      return std::abs(p.path.mean - q.path.mean) / std::sqrt((p.path.variance() + q.path.variance()) / double(n));
    };
    CHECK(apart(low, other) < 4);
    CHECK(other.scatter() > 5 * low.scatter());
    CHECK(apart(low, of_neighbours) > 50);
    // Along one path it is the other way round: the sum is a logarithm of the quotient of two joint densities that are nearly the same here.
    CHECK(other.path.variance() < low.path.variance());
  }
}
