// The discrete process, its predictions and samplers, against closed forms.
#include <doctest/doctest.h>

#include <cmath>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/reduce.h"
#include "diffusion/processes.h"
#include "diffusion/sampler.h"
#include "diffusion/schedule.h"

using namespace ito;

namespace {
double deviation_of(const Tensor& x) { return std::sqrt(variance(x.to(DType::f64)).item()); }

// The exact denoiser of data N(mu, s^2): x_t ~ N(a mu, a^2 s^2 + d^2), so E[x_0 | x_t] = mu + a s^2 (x_t - a mu) / (a^2 s^2 + d^2).
Denoiser gaussian_denoiser(const Ddpm& process, double mu, double s) {
  return [&process, mu, s](const Tensor& x, double t) {
    const auto [a, d] = process.marginal(t);
    const Tensor x0 = (x - a * mu) * (a * s * s / (a * a * s * s + d * d)) + mu;
    return Denoised{x0, (x - x0 * a) / d};
  };
}
}  // namespace

TEST_SUITE("diffusion") {
  TEST_CASE("schedules: end points, scaling with the number of steps, unknown names") {
    const auto linear = beta_schedule("linear", 1000);
    CHECK(linear.front() == doctest::Approx(1e-4).epsilon(1e-12));
    CHECK(linear.back() == doctest::Approx(0.02).epsilon(1e-12));
    CHECK(Ddpm(linear).alpha_bar(999) == doctest::Approx(4.0358e-5).epsilon(1e-4));  // Ho et al.'s process: sum of log(1 - beta)
    CHECK(beta_schedule("linear", 100).front() == doctest::Approx(1e-3).epsilon(1e-12));
    const auto cosine = beta_schedule("cosine", 1000);
    CHECK(cosine.back() == 0.999);
    const auto f = [](double t) { return std::pow(std::cos((t / 1000 + 0.008) / 1.008 * M_PI / 2), 2); };
    CHECK(Ddpm(cosine).alpha_bar(499) == doctest::Approx(f(500) / f(0)).epsilon(1e-9));
    for (const char* name : {"linear", "cosine"})
      for (const int64_t steps : {1, 2, 10, 1000})
        for (const double beta : beta_schedule(name, steps)) CHECK((beta > 0 && beta < 1));
    CHECK_THROWS_WITH_AS(beta_schedule("cosin", 10), doctest::Contains("linear cosine"), Error);
    CHECK_THROWS_AS(beta_schedule("linear", 0), Error);
  }

  TEST_CASE("the posterior is Bayes' rule on the two Gaussians") {
    const Ddpm process(beta_schedule("linear", 50));
    for (const int64_t t : {1, 7, 49}) {
      // q(x_{t-1}|x_0) N(sqrt(ab') x0, 1-ab') times q(x_t|x_{t-1}): precisions add, means weigh by precision.
      const double before = process.alpha_bar(t - 1), beta = process.beta(t);
      const double precision = 1 / (1 - before) + (1 - beta) / beta;
      const Ddpm::Posterior p = process.posterior(t);
      CHECK(p.variance == doctest::Approx(1 / precision).epsilon(1e-12));
      CHECK(p.x0_weight == doctest::Approx(std::sqrt(before) / (1 - before) / precision).epsilon(1e-12));
      CHECK(p.xt_weight == doctest::Approx(std::sqrt(1 - beta) / beta / precision).epsilon(1e-12));
    }
    CHECK(process.posterior(0).variance == 0);
    CHECK(process.posterior(0).x0_weight == doctest::Approx(1));
  }

  TEST_CASE("every prediction gives back x0 and eps") {
    const Ddpm process(beta_schedule("cosine", 100));
    Generator g{.seed = 2};
    const Tensor x0 = normal({3, 2, 2, 1}, g), eps = normal({3, 2, 2, 1}, g);
    for (const Prediction p : {Prediction::epsilon, Prediction::x0, Prediction::v, Prediction::score, Prediction::edm})
      for (const int64_t t : {0, 50, 90}) {
        const MarginalTensors m = each_marginal(std::vector<Marginal>(3, process.marginal(double(t))));
        const Tensor x = m.scale * x0 + m.deviation * eps;
        const Denoised d =
            from_prediction(p, prediction_target(p, x0, eps, std::vector<Marginal>(3, process.marginal(double(t)))), x, process.marginal(t));
        // Dividing by the smaller of scale and deviation loses that many digits of f32.
        const double tolerance = 2e-6 / std::min(process.marginal(t).scale, process.marginal(t).deviation);
        for (size_t i = 0; i < 12; ++i) {
          CHECK(std::abs(d.x0.to_vector<double>()[i] - x0.to_vector<double>()[i]) < tolerance);
          CHECK(std::abs(d.eps.to_vector<double>()[i] - eps.to_vector<double>()[i]) < tolerance);
        }
      }
    CHECK(prediction_named("v") == Prediction::v);
    CHECK_THROWS_AS(prediction_named("noise"), Error);
  }

  TEST_CASE("on Gaussian data every sampler ends at the data's mean and deviation") {
    const Ddpm process(beta_schedule("linear", 1000));
    const double mu = 0.3, s = 0.2;
    const Denoiser denoiser = gaussian_denoiser(process, mu, s);
    const Shape shape{400, 10, 10, 1};
    SamplerOptions o{.clip = false, .seed = 3};
    // 40,000 values: the mean is known to s/200 = 0.001, the deviation to 0.4 %. ddim with few steps adds its discretisation error.
    const auto check = [&](double tolerance) {
      const Tensor x = sample(process, denoiser, shape, o);
      CHECK(mean(x).item() == doctest::Approx(mu).epsilon(tolerance));
      CHECK(deviation_of(x) == doctest::Approx(s).epsilon(tolerance));
    };
    o.sampler = "ancestral";
    o.steps = 1000;
    check(0.02);
    o.variance = "beta";
    check(0.02);
    o.sampler = "ddim";
    o.steps = 1000;
    check(0.02);
    o.eta = 1;
    check(0.02);
    o.eta = 0;
    o.steps = 100;
    check(0.04);
  }

  TEST_CASE("ddim with eta 1 at all steps is the ancestral chain") {
    const Ddpm process(beta_schedule("linear", 40));
    const Denoiser denoiser = gaussian_denoiser(process, 0, 0.5);
    SamplerOptions o{.sampler = "ancestral", .steps = 40, .seed = 4};
    const std::vector<double> a = sample(process, denoiser, {2, 3, 3, 1}, o).to_vector<double>();
    o.sampler = "ddim";
    o.steps = 40;
    o.eta = 1;
    const std::vector<double> b = sample(process, denoiser, {2, 3, 3, 1}, o).to_vector<double>();
    for (size_t i = 0; i < a.size(); ++i) CHECK(std::abs(a[i] - b[i]) < 1e-5);
  }

  TEST_CASE("image k of a seed is the same whether drawn alone or in a batch, and other seeds give others") {
    const Ddpm process(beta_schedule("linear", 30));
    const Denoiser denoiser = gaussian_denoiser(process, 0.1, 0.5);
    SamplerOptions o{.sampler = "ancestral", .steps = 30, .seed = 9};
    const std::vector<float> all = sample(process, denoiser, {5, 4, 4, 1}, o).to_vector<float>();
    o.first_image = 3;
    const std::vector<float> one = sample(process, denoiser, {1, 4, 4, 1}, o).to_vector<float>();
    CHECK(std::equal(one.begin(), one.end(), all.begin() + 3 * 16));
    o.seed = 10;
    CHECK(sample(process, denoiser, {1, 4, 4, 1}, o).to_vector<float>() != one);
  }

  TEST_CASE("DDPM's times are evenly spread and start at the last, as `trailing` in Lin et al. 2024") {
    const Ddpm process(beta_schedule("linear", 1000)), five(beta_schedule("linear", 5));
    CHECK(process.times(1) == std::vector<double>{999});
    CHECK(process.times(2) == std::vector<double>{999, 499});
    CHECK(process.times(4) == std::vector<double>{999, 749, 499, 249});
    CHECK(five.times(5) == std::vector<double>{4, 3, 2, 1, 0});
    for (const int64_t steps : {3, 50, 999}) {
      const auto times = process.times(steps);
      CHECK(int64_t(times.size()) == steps);
      CHECK(times.front() == 999);
      CHECK(times.back() == std::llround(1000.0 / double(steps)) - 1);
      for (size_t i = 1; i < times.size(); ++i) CHECK(times[i] < times[i - 1]);
    }
    CHECK_THROWS_AS(five.times(6), Error);
    CHECK_THROWS_AS(five.times(0), Error);
  }

  TEST_CASE("the last step adds no noise: two chains that agree on x0 end alike") {
    const Ddpm process(beta_schedule("linear", 10));
    const Denoiser constant = [](const Tensor& x, double) { return Denoised{Tensor::full(x.shape(), 0.25), x}; };
    for (const char* sampler : {"ancestral", "ddim"}) {
      SamplerOptions o{.sampler = sampler, .steps = 5};
      for (const double v : sample(process, constant, {2, 2, 2, 1}, o).to_vector<double>()) CHECK(v == doctest::Approx(0.25));
    }
  }
}
