// Likelihoods against closed forms on Gaussian data.
#include <doctest/doctest.h>

#include <numbers>

#include "autograd/ops/reduce.h"
#include "autograd/ops/reshape.h"
#include "autograd/ops/slice.h"
#include "autograd/ops/unary.h"
#include "diffusion/likelihood.h"
#include "tests/diffusion/processes.h"

using namespace ito;

namespace {
double mean_of(const std::vector<double>& values) {
  double total = 0;
  for (const double v : values) total += v;
  return total / double(values.size());
}
double deviation_of(const std::vector<double>& values) {
  const double mean = mean_of(values);
  double total = 0;
  for (const double v : values) total += (v - mean) * (v - mean);
  return std::sqrt(total / double(values.size()));
}
}  // namespace

TEST_SUITE("diffusion") {
  TEST_CASE("A-093: the ODE's likelihood is the closed form to 1e-3 bits per dimension on every process") {
    Generator g{.seed = 4};
    for (const NamedProcess& each : all_processes())
      for (const double mu : {0.0, 0.3}) {
        CAPTURE(each.name);
        const GaussianData data{.mean = mu};
        const Marginal first = each.process->marginal(each.process->first());
        const double variance = data.variance_at(first);
        const Tensor x = normal({30, 2, 2, 3}, g) * std::sqrt(variance) + mu * first.scale;
        const std::vector<double> found = log_likelihood(*each.process, data.denoiser(*each.process), x);
        const std::vector<double> squares = sum(square(x - mu * first.scale), {.axes = {1, 2, 3}}).to_vector<double>();
        std::vector<double> errors;
        for (size_t i = 0; i < found.size(); ++i)
          errors.push_back((found[i] + 0.5 * squares[i] / variance + 6 * std::log(2 * std::numbers::pi * variance)) / 12 / std::numbers::ln2);
        CHECK(std::abs(mean_of(errors)) < 1e-3);
        // An image's own error: the prior does not know of the mean that is left at last(), by up to 0.007 deviations.
        for (const double error : errors) CHECK(std::abs(error) < (mu == 0 ? 1e-3 : 0.01));
      }
  }

  TEST_CASE("A-063: the trace by random signs is exact for a multiple of the identity and right on average for a full Jacobian") {
    // eps of N(0, S) data under VE, S with correlation: eps = deviation (S + deviation^2 I)^{-1} x, which mixes the two channels.
    const Ve process({.sigma_min = 0.1, .sigma_max = 30});
    const double correlation = 0.8;
    const Denoiser denoiser = [&](const Tensor& x, double t) {
      const Marginal m = process.marginal(t);
      const double a = 1 + m.deviation * m.deviation, determinant = a * a - correlation * correlation;
      const Tensor other = flip(x, {3});
      const Tensor eps = (x * a - other * correlation) * (m.deviation / determinant);
      return Denoised{x - eps * m.deviation, eps};
    };
    const Tensor x = Tensor::full({400, 1, 1, 2}, 0.5);
    const std::vector<double> found = log_likelihood(process, denoiser, x, {.steps = 32, .seed = 3});
    const double a = 1.01, determinant = a * a - 0.64,
                 exact = -0.5 * (2 * 0.25 * (a - 0.8)) / determinant - std::log(2 * std::numbers::pi) - 0.5 * std::log(determinant);
    CHECK(deviation_of(found) > 0.01);  // one probe alone is not exact here
    CHECK(std::abs(mean_of(found) - exact) < 4 * deviation_of(found) / 20);
  }

  TEST_CASE("A-094: the bound of continuous time is tight on average for the exact denoiser, and below for a wrong one") {
    const GaussianData data;
    Generator g{.seed = 5};
    const Tensor x0 = normal({4000, 1, 1, 1}, g) * data.deviation + data.mean;
    for (const NamedProcess& each : all_processes()) {
      CAPTURE(each.name);
      const std::vector<double> bound = likelihood_bound(*each.process, data.denoiser(*each.process), x0, {.steps = 40, .seed = 6});
      // Minus the entropy of x_first.
      const double exact = -0.5 * std::log(2 * std::numbers::pi * std::numbers::e * data.variance_at(each.process->marginal(each.process->first())));
      CHECK(std::abs(mean_of(bound) - exact) < 4 * deviation_of(bound) / std::sqrt(4000.0));
      const GaussianData other{.mean = -0.2};
      CHECK(mean_of(likelihood_bound(*each.process, other.denoiser(*each.process), x0, {.steps = 40, .seed = 6})) < exact - 0.1);
    }
  }

  TEST_CASE("image k has the same likelihood and bound in any batch") {
    const GaussianData data;
    const Vp process;
    Generator g{.seed = 7};
    const Tensor x = normal({5, 2, 2, 1}, g);
    const LikelihoodOptions all{.steps = 4, .seed = 1}, one{.steps = 4, .seed = 1, .first_image = 3};
    CHECK(log_likelihood(process, data.denoiser(process), x, all)[3] == log_likelihood(process, data.denoiser(process), x.rows(3, 4), one)[0]);
    CHECK(likelihood_bound(process, data.denoiser(process), x, all)[3] == likelihood_bound(process, data.denoiser(process), x.rows(3, 4), one)[0]);
  }

  TEST_CASE("a uniform density over the range of bytes is 8 bits per dimension; dequantised bytes stay in their bins") {
    CHECK(bits_per_dimension(10 * std::log(127.5 / 256), 10) == doctest::Approx(8).epsilon(1e-12));
    const Tensor bytes = Tensor::from<uint8_t>({0, 17, 255});
    const std::vector<double> x = dequantised(reshape(bytes, {3, 1, 1, 1}), 2).to_vector<double>();
    for (size_t i = 0; i < 3; ++i) CHECK(std::abs(x[i] - (double(bytes.data<uint8_t>()[i]) / 127.5 - 1)) <= 0.5 / 127.5 + 1e-7);
  }
}
