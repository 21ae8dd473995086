// Schedules, posteriors, respacing and whole sampling loops against NumPy: tests/golden/make_golden_diffusion.py made the file.
#include <doctest/doctest.h>

#include <cmath>

#include "autograd/ops/arithmetic.h"
#include "diffusion/processes.h"
#include "diffusion/respacing.h"
#include "diffusion/sampler.h"
#include "diffusion/schedule.h"
#include "tests/nn/golden.h"

using namespace ito;

namespace {
// The schedule and the number of steps in "KIND.NAME.STEPS"; a name may have a point of its own.
struct Entry {
  std::string name;
  int64_t steps;
  explicit Entry(const std::string& key) {
    const size_t first = key.find('.') + 1, last = key.rfind('.');
    name = key.substr(first, last - first);
    steps = std::stoll(key.substr(last + 1));
  }
};
}  // namespace

TEST_SUITE("diffusion") {
  TEST_CASE("tables of every schedule are those of NumPy (A-050, A-051, A-052, A-057, A-035)") {
    const Golden file = golden("diffusion");
    int schedules = 0;
    for (const auto& named : file) {
      const std::string& key = named.first;
      const std::vector<double> values = named.second.to_vector<double>();
      if (key.starts_with("schedule.")) {
        const Entry entry(key);
        const auto at = file.at("at." + std::to_string(entry.steps)).to_vector<int64_t>();
        const auto betas = beta_schedule(entry.name, entry.steps), left = alphas_cumprod(betas);
        CAPTURE(key);
        for (size_t i = 0; i < at.size(); ++i) {
          // NumPy's and the library's functions differ in their last bits; near the end of -zero-snr that is a share of very little.
          CHECK(betas[size_t(at[i])] == doctest::Approx(values[i]).epsilon(1e-9));
          CHECK(std::abs(left[size_t(at[i])] - values[at.size() + i]) < 1e-12 + 1e-9 * values[at.size() + i]);
        }
        ++schedules;
      } else if (key.starts_with("prior_kl.")) {
        const Entry entry(key);
        const PriorKl kl = prior_kl(beta_schedule(entry.name, entry.steps), 0.25);
        CAPTURE(key);
        CHECK(std::abs(kl.nats - values[0]) < 1e-12);
        CHECK(std::abs(kl.bits - values[1]) < 1e-12);
      }
    }
    CHECK(schedules == 36);
  }

  TEST_CASE("posterior coefficients are those of NumPy (A-032)") {
    const Golden file = golden("diffusion");
    for (const char* name : {"linear-unscaled", "cosine"})
      for (const int64_t steps : {300, 1000}) {
        const auto at = file.at("at." + std::to_string(steps)).to_vector<int64_t>();
        const auto values = file.at("posterior." + std::string(name) + "." + std::to_string(steps)).to_vector<double>();
        const Ddpm process(beta_schedule(name, steps));
        for (size_t i = 0; i < at.size(); ++i) {
          const Ddpm::Posterior p = process.posterior(at[i]);
          CHECK(p.x0_weight == doctest::Approx(values[i]).epsilon(1e-9));
          CHECK(p.xt_weight == doctest::Approx(values[at.size() + i]).epsilon(1e-9));
          CHECK(p.variance == doctest::Approx(values[2 * at.size() + i]).epsilon(1e-9));
        }
      }
  }

  TEST_CASE("respacing keeps the times that NumPy keeps (C.1.2)") {
    const Golden file = golden("diffusion");
    for (const char* spacing : {"250", "10,15,20", "ddim50", "7", "4,1,30"})
      CHECK(kept_times(1000, spacing) == file.at(std::string("kept.") + spacing).to_vector<int64_t>());
  }

  TEST_CASE("whole sampling loops end at NumPy's values (A-042, A-043, C.1.3)") {
    const Golden file = golden("diffusion");
    check_close("normal numbers", normal_from({8}, {.seed = 5, .stream = 7, .call = 3}, 0, DType::f64), file.at("normals").rows(0, 1).view({8}),
                1e-12);
    check_close("normal numbers", normal_from({8}, {.seed = (1ULL << 40) + 1, .stream = 7, .call = 3}, 0, DType::f64),
                file.at("normals").rows(1, 2).view({8}), 1e-12);

    const Ddpm process(beta_schedule("linear", 40));
    const Denoiser denoiser = [&](const Tensor& x, double t) {  // of data N(0.3, 0.5^2)
      const auto [a, d] = process.marginal(t);
      const Tensor x0 = (x - a * 0.3) * (a * 0.25 / (a * a * 0.25 + d * d)) + 0.3;
      return Denoised{x0, (x - x0 * a) / d};
    };
    SamplerOptions o{.sampler = "ancestral", .steps = 40, .clip = false, .seed = 21};
    const auto ends_at = [&](const std::string& key) {  // f32 against f64: rounding of 40 steps
      check_close(key, sample(process, denoiser, {3, 2, 2, 1}, o), file.at(key), 1e-6);
    };
    for (const char* variance : {"posterior", "beta"}) {
      o.variance = variance;
      ends_at("sample.ancestral." + o.variance);
    }
    o.sampler = "ddim";
    o.steps = 10;
    for (const auto& [eta, key] : {std::pair{0.0, "0"}, std::pair{0.5, "0.5"}, std::pair{1.0, "1"}}) {
      o.eta = eta;
      ends_at(std::string("sample.ddim.") + key);
    }
  }
}
