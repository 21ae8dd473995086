// Tables of beta, and what they leave of the data at the end.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "diffusion/elbo.h"
#include "diffusion/schedule.h"

using namespace ito;

namespace {
// The mean that DDPM's chain ends with on data N(mu, s^2) with their exact denoiser, started from 0 as sampling is. All is linear, so that the mean
// goes its way alone.
double mean_of_samples(const std::vector<double>& betas, double mu, double s) {
  const Ddpm process(betas);
  double m = 0;
  for (int64_t t = process.steps() - 1; t >= 0; --t) {
    const auto [a, d] = process.marginal(t);
    const Ddpm::Posterior p = process.posterior(t);
    m = p.x0_weight * (mu + a * s * s * (m - a * mu) / (a * a * s * s + d * d)) + p.xt_weight * m;
  }
  return m;
}
}  // namespace

TEST_SUITE("diffusion") {
  TEST_CASE("what each schedule leaves at the end (A-050, A-051, A-052, ERR-84)") {
    struct Row {
      const char* name;
      double at_300, at_1000, kl_300;  // alpha-bar_T, and nats per dimension for x_0 = +-1
    };
    // Three digits: sums of log(1 - beta), worked out apart (tests/golden/make_golden_diffusion.py has all digits).
    for (const Row& row : {Row{"linear", 0.0481, 4.04e-5, 0.0246}, Row{"sine", 0.0484, 4.04e-5, 0.0248}, Row{"sine3", 0.0484, 4.04e-5, 0.0248},
                           Row{"power1.5", 0.0876, 3.00e-4, 0.0458}, Row{"power2", 0.131, 1.14e-3, 0.0700}, Row{"power10", 0.558, 0.146, 0.408}}) {
      const auto short_one = beta_schedule(std::string(row.name) + "-unscaled", 300), long_one = beta_schedule(row.name, 1000);
      CAPTURE(row.name);
      CHECK(std::pow(terminal_signal(short_one), 2) == doctest::Approx(row.at_300).epsilon(0.005));
      CHECK(std::pow(terminal_signal(long_one), 2) == doctest::Approx(row.at_1000).epsilon(0.012));
      CHECK(prior_kl(short_one).nats == doctest::Approx(row.kl_300).epsilon(0.005));
      CHECK(prior_kl(short_one).bits == doctest::Approx(row.kl_300 / std::numbers::ln2).epsilon(0.005));
      CHECK_FALSE(reaches_prior(short_one));
      CHECK(long_one == beta_schedule(std::string(row.name) + "-unscaled", 1000));
    }
    CHECK(std::pow(terminal_signal(beta_schedule("cosine", 300)), 2) == doctest::Approx(2.7e-8).epsilon(0.02));
    CHECK(std::pow(terminal_signal(beta_schedule("cosine", 1000)), 2) == doctest::Approx(2.4e-9).epsilon(0.02));
    for (const char* name : {"linear", "sine", "power1.5", "cosine"}) CHECK(reaches_prior(beta_schedule(name, 1000)));
    for (const char* name : {"power2", "power10"}) CHECK_FALSE(reaches_prior(beta_schedule(name, 1000)));
  }

  TEST_CASE("the end of the chain is N(sqrt(alpha-bar_T) x_0, 1 - alpha-bar_T), not N(sqrt(1 - beta_T) x_0, beta_T) (ERR-75)") {
    // Step by step: m -> sqrt(1 - beta) m, v -> (1 - beta) v + beta.
    const auto betas = beta_schedule("linear-unscaled", 300);
    double m = 1, v = 0;
    for (const double beta : betas) {
      m *= std::sqrt(1 - beta);
      v = (1 - beta) * v + beta;
    }
    CHECK(m == doctest::Approx(terminal_signal(betas)).epsilon(1e-12));
    CHECK(v == doctest::Approx(1 - std::pow(terminal_signal(betas), 2)).epsilon(1e-12));
    CHECK(std::abs(m - std::sqrt(0.98)) > 0.7);
  }

  TEST_CASE("why x^10 fails: samples start where training never was, and their mean stays off (ERR-84)") {
    const double mu = 0.8, s = 0.5;
    CHECK(std::abs(mean_of_samples(beta_schedule("power10-unscaled", 300), mu, s) / mu - 1) > 0.2);
    CHECK(std::abs(mean_of_samples(beta_schedule("linear", 1000), mu, s) / mu - 1) < 1e-3);
    // The start is off by sqrt(alpha-bar_T) mu; what reaches the end falls with it.
    double before = 1;
    for (const char* name : {"power10", "power2", "power1.5", "linear"}) {
      const double off = std::abs(mean_of_samples(beta_schedule(std::string(name) + "-unscaled", 300), mu, s) / mu - 1);
      CHECK(off < before);
      before = off;
    }
  }

  TEST_CASE("the prior's KL is that of two Gaussians, averaged over the data (A-035)") {
    const auto betas = beta_schedule("power2-unscaled", 300);
    const double a = terminal_signal(betas);
    for (const double x0 : {0.0, 0.5, -1.0})
      CHECK(prior_kl(betas, x0 * x0).nats == doctest::Approx(gaussian_kl(a * x0, 1 - a * a, 0, 1)).epsilon(1e-12));
    const double average = (gaussian_kl(a * 0.2, 1 - a * a, 0, 1) + gaussian_kl(-a, 1 - a * a, 0, 1)) / 2;
    CHECK(prior_kl(betas, (0.04 + 1) / 2).nats == doctest::Approx(average).epsilon(1e-12));
  }

  TEST_CASE("with -zero-snr nothing is left, the first step stays, and sqrt(alpha-bar) is the old one shifted and stretched") {
    for (const char* name : {"linear", "cosine", "power10-unscaled", "sine3", "warmup50"}) {
      const auto plain = beta_schedule(name, 300), zero = beta_schedule(std::string(name) + "-zero-snr", 300);
      CAPTURE(name);
      CHECK(zero == rescale_zero_terminal_snr(plain));
      CHECK(terminal_signal(zero) == 0);
      CHECK(prior_kl(zero).nats == 0);
      CHECK(reaches_prior(zero));
      CHECK(zero.front() == plain.front());
      CHECK(zero.back() == 1);
      for (const double beta : zero) CHECK((beta > 0 && beta <= 1));
      const auto a = alphas_cumprod(plain), b = alphas_cumprod(zero);
      const double stretch = std::sqrt(a.front()) / (std::sqrt(a.front()) - std::sqrt(a.back()));
      for (size_t t = 0; t < a.size(); ++t)
        CHECK(std::sqrt(b[t]) == doctest::Approx((std::sqrt(a[t]) - std::sqrt(a.back())) * stretch).epsilon(1e-9).scale(1e-3));
    }
    CHECK(beta_schedule("power2-zero-snr-unscaled", 50) == beta_schedule("power2-unscaled-zero-snr", 50));
    CHECK_THROWS_AS(rescale_zero_terminal_snr({0.5}), Error);
  }

  TEST_CASE("the shapes of the schedules users expect (A-057)") {
    const BetaRange range{0.001, 0.3};
    const auto made = [&](const std::string& name, int64_t steps = 100) { return beta_schedule(name + "-unscaled", steps, range); };
    for (const char* name : {"linear", "sine0.5", "power1.5", "power7", "quadratic", "warmup10", "warmup50"}) {
      CAPTURE(name);
      const auto betas = made(name);
      CHECK(betas.front() == doctest::Approx(range.first).epsilon(1e-12));
      CHECK(betas.back() == doctest::Approx(range.last).epsilon(1e-12));
      CHECK(std::is_sorted(betas.begin(), betas.end()));
    }
    CHECK(made("power1")[37] == doctest::Approx(made("linear")[37]).epsilon(1e-12));
    const auto quadratic = made("quadratic");  // roots evenly spread
    for (size_t t = 2; t < 100; ++t)
      CHECK(std::sqrt(quadratic[t]) - std::sqrt(quadratic[t - 1]) ==
            doctest::Approx(std::sqrt(quadratic[1]) - std::sqrt(quadratic[0])).epsilon(1e-9));
    for (const double beta : made("constant")) CHECK(beta == range.last);
    CHECK(made("warmup10")[8] < range.last);
    CHECK(made("warmup10")[9] == range.last);
    CHECK(made("warmup50")[49] == range.last);
    const auto sigmoid = made("sigmoid", 101);
    CHECK(sigmoid[50] == doctest::Approx((range.first + range.last) / 2).epsilon(1e-12));
    for (size_t t = 0; t <= 50; ++t) CHECK(sigmoid[t] + sigmoid[100 - t] == doctest::Approx(range.first + range.last).epsilon(1e-12));
    const auto sine = made("sine2", 101);  // two waves: up, down, up, down
    CHECK(sine[25] == doctest::Approx(range.last).epsilon(1e-12));
    CHECK(sine[50] == doctest::Approx(range.first).epsilon(1e-12));
    CHECK(sine[75] == doctest::Approx(range.last).epsilon(1e-12));
    CHECK(sine[100] == doctest::Approx(range.first).epsilon(1e-12));

    const auto jsd = alphas_cumprod(beta_schedule("jsd", 50));  // an equal part of the signal's power goes at each step
    for (size_t t = 0; t < 50; ++t) CHECK(jsd[t] == doctest::Approx(1 - double(t + 1) / 50).epsilon(1e-9).scale(1));
    // Symmetric around SNR 1: alpha-bar(u) + alpha-bar(1 - u) = 1, where alpha-bar(0) of the formula is 0.999.
    const auto laplace = alphas_cumprod(beta_schedule("laplace", 1000));
    const double at_zero = 1 / (1 + std::sqrt(1e-6));
    for (const size_t t : {100, 300, 450}) CHECK((laplace[t - 1] + laplace[999 - t]) * at_zero == doctest::Approx(1).epsilon(1e-6));
    for (const char* name : {"linear", "sine", "sine3", "power1.5", "power10", "quadratic", "sigmoid", "constant", "warmup10", "laplace"})
      for (const int64_t steps : {1, 2, 10, 300})
        for (const double beta : beta_schedule(name, steps)) CHECK((beta > 0 && beta < 1));
  }

  TEST_CASE("names that are no schedules, and end points that are no variances, are refused") {
    for (const char* name : {"power", "power0", "power-1", "power2x", "sinecos", "sine0", "powernan", "linear-", "-unscaled", "unscaled", ""})
      CHECK_THROWS_WITH_AS(beta_schedule(name, 10), doctest::Contains("there are: linear cosine"), Error);
    CHECK_THROWS_WITH_AS(beta_schedule("cosine-unscaled", 10), doctest::Contains("no end points"), Error);
    CHECK_THROWS_AS(beta_schedule("linear", 10, {0, 0.02}), Error);
    CHECK_THROWS_AS(beta_schedule("linear", 10, {1e-4, 1}), Error);
  }
}
