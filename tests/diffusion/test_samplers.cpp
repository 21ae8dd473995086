// Samplers one by one: the formulas of the sources, what correctors do, the way back, what is known in advance.
#include <doctest/doctest.h>

#include "autograd/ops/compare.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/slice.h"
#include "autograd/ops/unary.h"
#include "diffusion/conditional.h"
#include "tests/diffusion/processes.h"

using namespace ito;

namespace {

const GaussianData data;

double largest_difference(const Tensor& a, const Tensor& b) { return max(abs(a - b)).item(); }

// What a sampler of two times makes of x in its one step: the last answer of the network is kept.
struct OneStep {
  Tensor x, result, z;
  double t, s;
};
OneStep one_step(const NoiseProcess& process, SamplerOptions o) {
  Generator g{.seed = 5};
  OneStep step{
      .x = normal({2, 2, 2, 1}, g), .result = {}, .z = normal({2, 2, 2, 1}, g), .t = process.times(o.steps)[0], .s = process.times(o.steps)[1]};
  o.clip = false;
  o.start = step.x;
  o.noise = [&](uint32_t, uint32_t) { return step.z; };
  o.watch = [&](double t, const Tensor& x) {
    if (t == step.s) step.result = x;
  };
  sample(process, data.denoiser(process), step.x.shape(), o);
  return step;
}

double relative_error(const NoiseProcess& process, const SamplerOptions& o) {
  return std::abs(std::sqrt(law_of(data, process, data.denoiser(process), o).variance) / data.deviation - 1);
}

// Of images of two pixels, normal with correlation 0.9.
Denoiser correlated(const NoiseProcess& process) {
  return [&process](const Tensor& x, double t) {
    const Marginal m = process.marginal(t);
    const double a = m.scale * m.scale + m.deviation * m.deviation, b = m.scale * m.scale * 0.9, determinant = a * a - b * b;
    const Tensor eps = (x * a - flip(x, {2}) * b) * (m.deviation / determinant);
    return Denoised{(x - eps * m.deviation) / m.scale, eps};
  };
}

}  // namespace

TEST_SUITE("diffusion") {
  TEST_CASE("A-091: ancestral steps are DDPM's and VE's formulas") {
    const Ddpm ddpm(beta_schedule("linear", 10));
    const OneStep a = one_step(ddpm, {.sampler = "ancestral", .steps = 10});
    const int64_t t = 9;
    const double beta = ddpm.beta(t), ab = ddpm.alpha_bar(t), before = ddpm.alpha_bar(t - 1);
    const Tensor slope = score(data.denoiser(ddpm)(a.x, 9), ddpm.marginal(9));
    // mu = (x + beta score) / sqrt(alpha), variance beta-tilde
    const Tensor expected = (a.x + slope * beta) / std::sqrt(1 - beta) + a.z * std::sqrt(beta * (1 - before) / (1 - ab));
    CHECK(largest_difference(a.result, expected) < 5e-6);

    const Ve ve({.sigma_min = 0.1, .sigma_max = 5});
    const OneStep b = one_step(ve, {.sampler = "ancestral", .steps = 8});
    const double now = std::pow(ve.marginal(b.t).deviation, 2), next = std::pow(ve.marginal(b.s).deviation, 2);
    const Tensor there = b.x + score(data.denoiser(ve)(b.x, b.t), ve.marginal(b.t)) * (now - next) + b.z * std::sqrt(next * (now - next) / now);
    CHECK(largest_difference(b.result, there) < 2e-6);
  }

  TEST_CASE("A-085, A-086, A-087: Milstein and Runge-Kutta are Euler-Maruyama where the noise does not depend on x") {
    for (const NamedProcess& each : all_processes()) {
      CAPTURE(each.name);
      const Tensor euler = one_step(*each.process, {.sampler = "euler-maruyama", .steps = 20}).result;
      CHECK(largest_difference(one_step(*each.process, {.sampler = "milstein", .steps = 20}).result, euler) == 0);
      CHECK(largest_difference(one_step(*each.process, {.sampler = "stochastic-runge-kutta", .steps = 20}).result, euler) == 0);
    }
  }

  TEST_CASE("A-088: the adaptive ODE solver reaches the closed form at its tolerance") {
    for (const NamedProcess& each : all_processes()) {
      CAPTURE(each.name);
      const double error = relative_error(*each.process, {.sampler = "ode-rk45", .steps = 2, .tolerance = 1e-6});
      MESSAGE(each.name, ": ", error);
      CHECK(error < 2e-3);
    }
  }

  TEST_CASE(
      "A-092: the reverse-diffusion predictor is (2 - sqrt(1 - beta)) x + beta score + sqrt(beta) z; without its noise (ERR-23) the variance is "
      "lost") {
    const Ddpm ddpm(beta_schedule("linear", 10));
    const OneStep a = one_step(ddpm, {.sampler = "reverse-diffusion", .steps = 10});
    const double beta = ddpm.beta(9);
    const Tensor slope = score(data.denoiser(ddpm)(a.x, 9), ddpm.marginal(9));
    CHECK(largest_difference(a.result, a.x * (2 - std::sqrt(1 - beta)) + slope * beta + a.z * std::sqrt(beta)) < 2e-6);

    const Ddpm fine(beta_schedule("linear", 1000));
    SamplerOptions silent{.sampler = "reverse-diffusion", .steps = 200, .clip = false};
    silent.noise = [](uint32_t, uint32_t call) {
      Generator g{.seed = call};
      return call == 0 ? normal({2000, 1, 1, 1}, g) : Tensor::full({2000, 1, 1, 1}, 0);
    };
    CHECK(std::sqrt(variance(sample(fine, data.denoiser(fine), {2000, 1, 1, 1}, silent)).item()) < 0.5 * data.deviation);
  }

  TEST_CASE("A-089, A-090: with the exact score a corrector costs the predictor nothing at equal calls, and alone it is far worse") {
    for (const NamedProcess& each : all_processes()) {
      CAPTURE(each.name);
      const double predictor = relative_error(*each.process, {.sampler = "reverse-diffusion", .steps = 100});
      const double both = relative_error(*each.process, {.sampler = "predictor-corrector", .steps = 50, .corrector_steps = 1, .snr = 0.3});
      const double corrector =
          relative_error(*each.process, {.sampler = "predictor-corrector", .steps = 50, .predictor = "none", .corrector_steps = 2, .snr = 0.3});
      MESSAGE(each.name, ": predictor ", predictor, ", predictor and corrector ", both, ", corrector ", corrector);
      CHECK(both < 1.5 * predictor);
      CHECK(corrector > 2 * both);
    }
  }

  TEST_CASE("A-070: annealed Langevin dynamics reaches the data's deviation on NCSN's levels") {
    const Ve levels({.sigma_min = 0.01, .sigma_max = 1});
    // sigma_L^2 of step: 2e-5 = 0.2 * 0.01^2, as in NCSN
    CHECK(relative_error(levels, {.sampler = "annealed-langevin", .steps = 10, .langevin_step = 2e-5, .langevin_steps = 100}) < 0.02);
    CHECK(relative_error(levels, {.sampler = "annealed-langevin", .steps = 10, .langevin_step = 2e-5, .langevin_steps = 2}) > 0.1);
    CHECK(relative_error(levels, {.sampler = "annealed-langevin", .steps = 10, .langevin_step = 2e-5, .langevin_steps = 50, .langevin_growth = 0.3}) <
          0.02);
  }

  TEST_CASE("annealed Langevin dynamics takes langevin_steps (deviation / smallest deviation)^langevin_growth steps at a time") {
    const Ve levels({.sigma_min = 0.01, .sigma_max = 1});
    std::map<double, int64_t> asked;
    const Denoiser denoiser = [&](const Tensor& x, double t) {
      ++asked[t];
      return Denoised{x, x};
    };
    sample(levels, denoiser, {1, 1, 1, 1}, {.sampler = "annealed-langevin", .steps = 3, .langevin_steps = 4, .langevin_growth = 0.5});
    std::vector<int64_t> steps;
    for (const auto& [t, count] : asked) steps.push_back(count);
    CHECK(steps == std::vector<int64_t>{4 + 1, 13, 40});  // the last time once more, for x_0; 4 sqrt(10) = 12.6
  }

  TEST_CASE("Langevin steps end at the variance v / (1 - step / 2v), and at v with averaged noise (Leimkuhler & Matthews 2013)") {
    const Ve process({.sigma_min = 0.5, .sigma_max = 1});
    const double v = data.variance_at(process.marginal(process.first()));
    const Denoiser exact = data.denoiser(process);
    const Denoiser as_it_is = [&](const Tensor& x, double t) { return Denoised{x, exact(x, t).eps}; };
    for (const double step : {0.1 * v, 0.5 * v, 1.5 * v}) {
      SamplerOptions o{.sampler = "langevin", .langevin_step = step, .langevin_steps = 300};
      CHECK(law_of(data, process, as_it_is, o).variance == doctest::Approx(v / (1 - step / (2 * v))).epsilon(1e-5));
      o.langevin_noise = "averaged";
      CHECK(law_of(data, process, as_it_is, o).variance == doctest::Approx(v).epsilon(1e-5));
    }
  }

  TEST_CASE("a network that sends far points further away is held by clip_at, and nearly all points are as they should be") {
    const Ve levels({.sigma_min = 0.02, .sigma_max = 4});
    const Denoiser exact = data.denoiser(levels);
    const Denoiser wild = [&](const Tensor& x, double t) {
      const Marginal m = levels.marginal(t);
      const double known = 5 * std::sqrt(data.variance_at(m));  // beyond this distance from the mean x_0 is twice as far as x
      const Tensor far = cast(greater(abs(x - data.mean), Tensor::full({1}, known)), DType::f32);
      return from_x0(exact(x, t).x0 * (1 - far) + x * 2 * far, x, m);
    };
    SamplerOptions o{.sampler = "annealed-langevin", .steps = 20, .clip = false, .langevin_step = 1.2e-4, .langevin_steps = 20};
    CHECK_FALSE(max(abs(sample(levels, wild, {20000, 1, 1, 1}, o))).item() < 100);
    o.clip = true;
    o.clip_at = 3;
    const Tensor x = sample(levels, wild, {20000, 1, 1, 1}, o);
    CHECK(max(abs(x)).item() <= 3);
    CHECK(std::sqrt(variance(x).item()) == doctest::Approx(data.deviation).epsilon(0.03));
    o.clip_at = 0;
    CHECK_THROWS_WITH_AS(sample(levels, wild, {1, 1, 1, 1}, o), "clip_at, the largest value of the data, must be positive, got 0", Error);
  }

  TEST_CASE("ddim's inversion leads to the noise that ddim makes the image of") {
    for (const NamedProcess& each : all_processes()) {
      CAPTURE(each.name);
      Generator g{.seed = 8};
      const Tensor x = normal({4, 1, 1, 2}, g) * data.deviation + data.mean;
      const Denoiser denoiser = data.denoiser(*each.process);
      double before = 0;
      for (const int64_t steps : {50, 200}) {
        const Tensor noise = ddim_inversion(*each.process, denoiser, x, steps);
        const Tensor back = sample(*each.process, denoiser, x.shape(), {.sampler = "ddim", .steps = steps, .clip = false, .start = noise});
        const double error = largest_difference(x, back);
        if (steps == 200) {
          CHECK(error < 0.5 * before);
          CHECK(error < 0.05);
        }
        before = error;
      }
    }
  }

  TEST_CASE("what is known stays in every sampler, and the rest agrees with it the better, the more often steps are repeated") {
    // The first of two pixels with correlation 0.9 is known to be 1: the second is N(0.9, 0.19).
    const Vp process;
    const Tensor known = Tensor::full({1, 1, 2, 1}, 1), mask = Tensor::full({1, 1, 2, 1}, 0);
    mask.data<float>()[0] = 1;
    for (const std::string sampler : {"ddim", "ancestral", "dpm-solver++", "predictor-corrector", "edm", "ode-heun"}) {
      CAPTURE(sampler);
      double before = 1;
      for (const int64_t resample : {1, 4, 16}) {
        CAPTURE(resample);
        const Tensor x = sample(process, correlated(process), {2000, 1, 2, 1},
                                {.sampler = sampler,
                                 .steps = 60,
                                 .eta = 1,
                                 .clip = false,
                                 .resample = resample,
                                 .seed = 4,
                                 .constrain = inpainting(process, known, mask)});
        CHECK(largest_difference(slice(x, 2, 0, 1), Tensor::full({2000, 1, 1, 1}, 1)) == 0);
        const Tensor rest = slice(x, 2, 1, 2);
        const double found = mean(rest).item(), spread = variance(rest).item(), error = std::abs(found - 0.9);
        MESSAGE(sampler, ", each step ", resample, " times: the unknown pixel is ", found, " on average, of variance ", spread);
        CHECK(error < 0.5 * before);
        // The mean of 2000 has a deviation of 0.01. Steps of the first three have too little noise (docs/theory/score-sde.md), at each repetition.
        if (resample == 16) {
          CHECK(error < 0.03);
          if (sampler != "ddim" && sampler != "ancestral" && sampler != "dpm-solver++") CHECK(std::abs(spread - 0.19) < 0.03);
        }
        before = error;
      }
    }
  }

  TEST_CASE("where nothing is known, repeated steps leave the law as it is") {
    const Tensor nothing = Tensor::full({1, 1, 1, 1}, 0);
    for (const NamedProcess& each : all_processes()) {
      CAPTURE(each.name);
      // RK4's own error is far below what is looked for here; steps of low order make theirs anew at each repetition.
      SamplerOptions o{.sampler = "ode-rk4", .steps = 50, .clip = false};
      const double once = relative_error(*each.process, o);
      o.resample = 8;
      CHECK(std::abs(relative_error(*each.process, o) - once) < 1e-4);
      o.seed = 3;
      const auto images = [&] { return sample(*each.process, data.denoiser(*each.process), {4, 1, 1, 1}, o); };
      const Tensor free = images();
      o.constrain = inpainting(*each.process, nothing, nothing);
      CHECK(largest_difference(images(), free) == 0);
    }
  }

  TEST_CASE("a repeated step has random numbers of its own, and an image the same ones in any batch") {
    const Vp process;
    for (const std::string sampler : {"ancestral", "predictor-corrector", "edm", "dpm-solver++"}) {
      CAPTURE(sampler);
      const Tensor half = Tensor::full({1, 1, 2, 1}, 0.5);
      SamplerOptions o{
          .sampler = sampler, .steps = 6, .clip = false, .churn = 2, .resample = 3, .seed = 7, .constrain = inpainting(process, half, half)};
      const Tensor all = sample(process, correlated(process), {8, 1, 2, 1}, o);
      o.first_image = 5;
      CHECK(largest_difference(sample(process, correlated(process), {3, 1, 2, 1}, o), all.rows(5, 8)) == 0);
      std::map<std::pair<uint32_t, uint32_t>, int> asked;
      o.noise = [&](uint32_t stream, uint32_t call) {
        ++asked[{stream, call}];
        return Tensor::full({1, 1, 2, 1}, 0);
      };
      sample(process, correlated(process), {1, 1, 2, 1}, o);
      // start and result, and in each of five steps: the constraint's three times, twice the way back, and what the step itself asks for
      const size_t own = sampler == "predictor-corrector" ? 6 : sampler == "dpm-solver++" ? 0 : 3;
      CHECK(asked.size() == 2 + 5 * (5 + own));
      for (const auto& each : asked) CHECK(each.second == 1);
    }
  }

  TEST_CASE("colouring keeps the grey image, dark and bright, in [-1, 1], and nothing else") {
    const Vp process;
    const Tensor grey = Tensor::from<float>({0.25F, -1, 1, 0.9F, 0.25F, -1}, {1, 2, 3, 1}),
                 mask = Tensor::from<float>({1, 1, 1, 1, 0, 0}, {1, 2, 3, 1});
    const auto coloured = [&](const std::string& sampler, int64_t resample, bool free) {
      SamplerOptions o{.sampler = sampler, .steps = 20, .resample = resample};
      if (!free) o.constrain = colouring(process, grey, mask);
      return sample(process, data.denoiser(process), {50, 2, 3, 3}, o).view({50, 6, 3});
    };
    for (const auto& each : {std::pair{"ancestral", 1}, {"ancestral", 3}, {"edm", 1}, {"annealed-langevin", 1}, {"langevin", 1}, {"ode-rk45", 1}}) {
      CAPTURE(std::string(each.first));
      const Tensor x = coloured(each.first, each.second, false), kept = slice(x, 1, 0, 4), free = slice(x, 1, 4, 6);
      CHECK(largest_difference(mean(kept, {.axes = {2}}), broadcast_to(slice(grey.view({1, 6}), 1, 0, 4), {50, 4})) < 5e-7);
      CHECK(max(abs(kept)).item() <= 1 + 5e-7);
      CHECK(variance(slice(x, 1, 0, 1)).item() > 0.02);                       // the colours are free
      CHECK(max(variance(slice(x, 1, 1, 3), {.axes = {2}})).item() < 1e-12);  // of black and white there is none
      CHECK(largest_difference(free, slice(coloured(each.first, each.second, true), 1, 4, 6)) == 0);
    }
  }

  TEST_CASE("slerp keeps the length, ends at its ends, and takes images one by one") {
    Generator g{.seed = 3};
    const Tensor a = normal({3, 4, 4, 1}, g), b = normal({3, 4, 4, 1}, g);
    CHECK(largest_difference(slerp(a, b, 0), a) < 1e-6);
    CHECK(largest_difference(slerp(a, b, 1), b) < 1e-6);
    const Tensor unit = a / std::sqrt(sum(a.rows(0, 1) * a.rows(0, 1)).item()), other = b / std::sqrt(sum(b.rows(0, 1) * b.rows(0, 1)).item());
    const Tensor middle = slerp(unit, other, 0.3).rows(0, 1);
    CHECK(sum(middle * middle).item() == doctest::Approx(1).epsilon(1e-5));
    CHECK(largest_difference(slerp(a, b, 0.4).rows(1, 2), slerp(a.rows(1, 2), b.rows(1, 2), 0.4)) == 0);
    CHECK(largest_difference(slerp(a, a, 0.4), a) < 1e-6);
  }
}
