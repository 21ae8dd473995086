// Processes against their SDEs and the constants of their authors; weights of the loss.
#include <doctest/doctest.h>

#include <array>
#include <cmath>

#include "diffusion/kl_weights.h"
#include "diffusion/model.h"
#include "diffusion/weighting.h"
#include "tests/diffusion/processes.h"

using namespace ito;

TEST_SUITE("diffusion") {
  TEST_CASE(
      "A-080, A-082: the marginals solve the SDE, f = d log(scale)/dt and d(deviation^2)/dt = 2 f deviation^2 + g^2; not with the sign of ERR-20") {
    for (const NamedProcess& each : all_processes())
      for (const double share : {0.03, 0.2, 0.5001, 0.83, 0.97}) {
        CAPTURE(each.name);
        CAPTURE(share);
        const double t = each.process->first() + share * (each.process->last() - each.process->first()),
                     h = 1e-5 * (each.process->last() - each.process->first());
        const Marginal before = each.process->marginal(t - h), now = each.process->marginal(t), after = each.process->marginal(t + h);
        const double f = (std::log(after.scale) - std::log(before.scale)) / (2 * h);
        const double growth = (after.deviation * after.deviation - before.deviation * before.deviation) / (2 * h);
        const double noise = now.deviation * now.deviation;
        CHECK(each.process->drift(t) == doctest::Approx(f).epsilon(1e-5));
        CHECK(2 * each.process->drift(t) * noise + each.process->squared_diffusion(t) == doctest::Approx(growth).epsilon(1e-5));
        if (f != 0) CHECK(std::abs(-2 * each.process->drift(t) * noise + each.process->squared_diffusion(t) - growth) > 1e-3 * growth);
      }
  }

  TEST_CASE("the time of a ratio of deviation to scale, by each process's formula, curved betas' too, and at the ends beyond them") {
    std::vector<NamedProcess> processes = all_processes();
    processes.push_back({"vp, curved", std::make_unique<Vp>(VpOptions{.curve = 0.05})});
    processes.push_back({"sub-vp, curved", std::make_unique<SubVp>(VpOptions{.curve = 0.05})});
    for (const NamedProcess& each : processes) {
      CAPTURE(each.name);
      const NoiseProcess& p = *each.process;
      for (const double share : {0.01, 0.2, 0.5001, 0.83, 0.97}) {
        const double t = p.first() + share * (p.last() - p.first());
        CHECK(p.time_of_ratio(ratio_at(p, t)) == doctest::Approx(t).epsilon(1e-9));
      }
      CHECK(p.time_of_ratio(1e-9) == doctest::Approx(p.first()).epsilon(1e-9));
      CHECK(p.time_of_ratio(1e9) == doctest::Approx(p.last()).epsilon(1e-9));
    }
  }

  TEST_CASE("A-053, A-054, A-055: the constants of score_sde and NCSN, and DDPM's integer times") {
    const Vp vp;
    const double exponent = -0.25 * (20 - 0.1) - 0.5 * 0.1;  // -t^2 (beta_1 - beta_0)/4 - t beta_0/2 at t = 1
    CHECK(vp.marginal(1).scale == doctest::Approx(std::exp(exponent)).epsilon(1e-12));
    CHECK(vp.marginal(1).deviation == doctest::Approx(std::sqrt(1 - std::exp(2 * exponent))).epsilon(1e-12));
    CHECK(SubVp().marginal(1).deviation == doctest::Approx(1 - std::exp(2 * exponent)).epsilon(1e-12));
    CHECK(SubVp().squared_diffusion(1) == doctest::Approx(20 * (1 - std::exp(4 * exponent))).epsilon(1e-12));
    const Ve levels({.sigma_min = 0.01, .sigma_max = 1});
    const std::vector<double> t = levels.times(10);
    for (size_t i = 0; i + 1 < t.size(); ++i)
      CHECK(levels.marginal(t[i + 1]).deviation / levels.marginal(t[i]).deviation == doctest::Approx(std::pow(0.01, 1.0 / 9)).epsilon(1e-12));
    CHECK(levels.marginal(t.front()).deviation == doctest::Approx(1));
    CHECK(levels.marginal(t.back()).deviation == doctest::Approx(0.01));
    CHECK(levels.squared_diffusion(1) == doctest::Approx(2 * std::log(100.0)));
    const std::vector<double> sigmas = Edm().times(18);  // Karras et al. 2022, eq. 5
    CHECK(sigmas.front() == 80);
    CHECK(sigmas.back() == doctest::Approx(0.002).epsilon(1e-9));
    CHECK(sigmas[9] == doctest::Approx(std::pow(std::pow(80, 1 / 7.0) + 9 / 17.0 * (std::pow(0.002, 1 / 7.0) - std::pow(80, 1 / 7.0)), 7)));
    const Ddpm ddpm(beta_schedule("linear", 1000));
    CHECK(ddpm.marginal(500).scale == std::sqrt(ddpm.alpha_bar(500)));
    double before = 1;
    for (double x = 0; x <= 999; x += 0.25) {  // between the indices the signal falls, too
      CHECK(ddpm.marginal(x).scale < before);
      before = ddpm.marginal(x).scale;
    }
  }

  TEST_CASE("A-056: exponential betas have the straight line's integral, and the functional models' constants") {
    for (const auto& [beta_max, rate, integral, last] : {std::array{5.0, 4.8559, 2.55, 12.48}, std::array{10.0, 5.535, 5.05, 28.06}}) {
      const Vp line({.beta_max = beta_max}), curve({.beta_max = beta_max, .curve = 0.02});
      CHECK(curve.integral(1) == doctest::Approx(integral).epsilon(1e-12));
      CHECK(curve.integral(1) == doctest::Approx(line.integral(1)).epsilon(1e-12));
      CHECK(curve.beta(1) / curve.beta(0) == doctest::Approx(std::exp(rate)).epsilon(1e-3));
      CHECK(curve.beta(1) == doctest::Approx(last).epsilon(1e-3));
      for (const double t : {0.1, 0.5, 0.9}) {
        const double h = 1e-5;
        CHECK((curve.integral(t + h) - curve.integral(t - h)) / (2 * h) == doctest::Approx(curve.beta(t)).epsilon(1e-7));
        CHECK(curve.marginal(t).scale > line.marginal(t).scale);
      }
    }
    CHECK_THROWS_AS(Vp({.curve = -1}), Error);
  }

  TEST_CASE("log-normal times have the ratio of noise to data that was asked for (C.6)") {
    // Of data 0 the target v is scale eps, and an untrained network says 0: the loss is E scale^2, 1/(1 + r^2) where scale^2 + deviation^2 = 1.
    for (const double log_ratio : {-1.0, 0.5}) {
      DiffusionModel model(MlpOptions{.width = 8, .blocks = 1},
                           {.process = "vp", .prediction = "v", .times = "log-normal", .log_mean = log_ratio, .log_deviation = 1e-3}, 3);
      const double loss = model.loss(Tensor::zeros({20000, 1, 1, 2}), {}, 0).item();
      CHECK(loss == doctest::Approx(1 / (1 + std::exp(2 * log_ratio))).epsilon(0.03));
    }
  }

  TEST_CASE("zero terminal SNR: samplers that need no slope reach the data, others refuse") {
    const Ddpm process(beta_schedule("linear-zero-snr", 200));
    CHECK(process.marginal(process.last()).scale == 0);
    const GaussianData data;
    const Denoiser denoiser = data.denoiser(process, Prediction::v);
    for (const char* sampler : {"ancestral", "ddim", "dpm-solver++"}) {
      CAPTURE(std::string(sampler));
      const Law law = law_of(data, process, denoiser, {.sampler = sampler, .steps = 200});
      CHECK(std::sqrt(law.variance) == doctest::Approx(data.deviation).epsilon(0.05));
      CHECK(law.mean == doctest::Approx(data.mean).epsilon(0.02));
    }
    CHECK_THROWS_WITH_AS(sample(process, denoiser, {1, 1, 1, 1}, {.sampler = "euler-maruyama"}), doctest::Contains("dpm-solver++"), Error);
    CHECK_THROWS_AS(Ddpm({0.1, 1, 0.1}), Error);
  }

  TEST_CASE("a transition and its posterior are Bayes' rule on any two marginals") {
    for (const NamedProcess& each : all_processes()) {
      CAPTURE(each.name);
      const std::vector<double> t = each.process->times(8);
      const Marginal s = each.process->marginal(t[4]), later = each.process->marginal(t[3]);
      const Transition step = transition(s, later);
      CHECK(step.scale * s.scale == doctest::Approx(later.scale));
      CHECK(step.scale * step.scale * s.deviation * s.deviation + step.variance == doctest::Approx(later.deviation * later.deviation));
      const double precision = 1 / (s.deviation * s.deviation) + step.scale * step.scale / step.variance;
      CHECK(step.posterior_variance == doctest::Approx(1 / precision));
      CHECK(step.xt_weight == doctest::Approx(step.scale / step.variance / precision));
      CHECK(step.x0_weight == doctest::Approx(s.scale / (s.deviation * s.deviation) / precision));
    }
  }

  TEST_CASE("A-069, A-081, A-095: a weighting is the same loss whatever the network predicts") {
    for (const NamedProcess& each : all_processes())
      for (const char* weighting : {"epsilon", "likelihood", "min-snr", "edm"})
        for (const double share : {0.2, 0.6}) {
          CAPTURE(each.name);
          CAPTURE(std::string(weighting));
          const double t = each.process->first() + share * (each.process->last() - each.process->first());
          const Marginal m = each.process->marginal(t);
          const Weighting w = weighting_named(weighting);
          const double wanted = epsilon_weight(w, *each.process, t, 0.5);
          for (const std::string& p : prediction_names()) {
            // An error of 1 in the output is one of output_weight in x_0, and scale/deviation times that in eps.
            const double in_eps = m.scale / m.deviation * to_x0(prediction_named(p), m).output_weight;
            CHECK(target_weight(w, prediction_named(p), *each.process, t, 0.5) == doctest::Approx(wanted * in_eps * in_eps));
          }
          // g^2 |score + eps/deviation|^2
          const double g2 = each.process->squared_diffusion(t);
          if (w == Weighting::likelihood) CHECK(target_weight(w, Prediction::score, *each.process, t, 0.5) == doctest::Approx(g2));
          if (w == Weighting::edm) CHECK(target_weight(w, Prediction::edm, Edm(), 0.7, 0.5) == doctest::Approx(1));
        }
    // NCSN's sigma^2 |score + noise/sigma^2|^2
    const Ve ve;
    CHECK(target_weight(Weighting::simple, Prediction::score, ve, 0.4, 0.5) == doctest::Approx(std::pow(ve.marginal(0.4).deviation, 2)));
    const Ddpm ddpm(beta_schedule("linear", 100));
    CHECK(target_weight(Weighting::elbo, Prediction::x0, ddpm, 30, 0.5) == doctest::Approx(kl_weights(ddpm, 30, ddpm.posterior(30).variance).x0));
    CHECK_THROWS_WITH_AS(target_weight(Weighting::elbo, Prediction::x0, ve, 0.5, 0.5), doctest::Contains("likelihood"), Error);
    CHECK_THROWS_WITH_AS(weighting_named("snr"), doctest::Contains("min-snr"), Error);
  }
}
