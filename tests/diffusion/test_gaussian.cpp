// Every process x sampler x prediction on Gaussian data, to its order. With the exact denoiser a sampler is an affine map of its random numbers: the
// law of the result follows from the answers to one unit noise at a time, with no statistical error. Truth is the law of the denoised x_0 at the last
// time, for a chain that starts from the exact marginal at last(). ITO_TABLE=FILE writes docs/theory/gaussian.md's table.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "tests/diffusion/processes.h"

using namespace ito;

namespace {

const GaussianData data;

double truth(const NoiseProcess& process, int64_t steps) {
  const Marginal m = process.marginal(process.times(steps).back());
  return data.gain(m) * data.gain(m) * data.variance_at(m);
}

// Of the deviation, relative, or of the mean in deviations: the larger.
double error_of(const NoiseProcess& process, const Denoiser& denoiser, const SamplerOptions& o) {
  const Law law = law_of(data, process, denoiser, o);
  const double exact = truth(process, o.steps);
  return std::max(std::abs(std::sqrt(law.variance / exact) - 1), std::abs(law.mean - data.mean) / std::sqrt(exact));
}

struct Case {
  const char* sampler;
  double order, on_ddpm;  // of moments, as theory has it; DDPM's last step is as long as the one before, in log-SNR, however many there are,
                          // and RK4 is soon more exact than the cubic between the betas
  int64_t steps;          // such that the error is far above f32's
};
constexpr Case cases[] = {{"ancestral", 1, 0.8, 100},         {"ddim", 1, 0.8, 100},           {"dpm-solver++", 2, 1, 40}, {"edm", 2, 1.8, 40},
                          {"euler-maruyama", 1, 1, 200},      {"ode-euler", 1, 0.8, 200},      {"ode-heun", 2, 1.8, 50},   {"ode-rk4", 4, -2, 25},
                          {"reverse-diffusion", 1, 0.9, 200}, {"stochastic-heun", 2, 1.7, 100}};

}  // namespace

TEST_SUITE("diffusion") {
  TEST_CASE("Gaussian data: every sampler on every process reaches the closed form at its order, whatever the network predicts") {
    const char* path = std::getenv("ITO_TABLE");
    std::ofstream table;
    if (path) table.open(path);
    table << "| process | sampler | order | steps | error | with twice as many | measured order | predictions differ by "
             "|\n|---|---|---|---|---|---|---|---|\n";
    for (const NamedProcess& each : all_processes())
      for (const Case& c : cases) {
        SamplerOptions o{.sampler = c.sampler, .steps = c.steps};
        const double coarse = error_of(*each.process, data.denoiser(*each.process), o);
        double spread = 0;
        for (const std::string& p : prediction_names())
          spread = std::max(spread, std::abs(error_of(*each.process, data.denoiser(*each.process, prediction_named(p)), o) - coarse));
        o.steps *= 2;
        const double fine = error_of(*each.process, data.denoiser(*each.process), o), order = std::log2(coarse / fine);
        char line[200];
        std::snprintf(line, sizeof line, "| %s | %s | %.0f | %ld | %.1e | %.1e | %.2f | %.0e |\n", each.name.c_str(), c.sampler, c.order,
                      long(c.steps), coarse, fine, order, spread);
        table << line;
        CAPTURE(std::string(line));
        CHECK(spread < 1e-5);
        CHECK(fine < 0.1);
        if (fine > 2e-6) CHECK(order > (each.name == "DDPM" ? c.on_ddpm : c.order) - 0.15);
        if (c.order == 4) CHECK(fine < 1e-4);
      }
  }
}
