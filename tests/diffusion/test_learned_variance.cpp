// Variances that a network learns, and the bound that teaches them.
#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "autograd/gradcheck.h"
#include "autograd/graph.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/concat.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/unary.h"
#include "diffusion/learned_variance.h"
#include "diffusion/model.h"
#include "diffusion/schedule.h"
#include "nn/optim.h"

using namespace ito;

namespace {
const Ddpm& process() {
  static const Ddpm it(beta_schedule("linear", 40));
  return it;
}
Tensor times(const std::vector<int64_t>& t) { return Tensor::from<int64_t>(t); }
}  // namespace

TEST_SUITE("diffusion") {
  TEST_CASE("v of -1 is beta-tilde, 1 is beta, 0 their geometric mean (A-042, C.1.2)") {
    const Tensor t = times({0, 1, 39});
    const auto at = [&](double v) { return learned_log_variance(process(), Tensor::full({3, 2, 2, 1}, v), t).to_vector<double>(); };
    const auto low = at(-1), high = at(1), middle = at(0);
    for (size_t i = 0; i < 3; ++i) {
      const int64_t time = t.data<int64_t>()[i];
      CHECK(low[i * 4] == doctest::Approx(reverse_log_variance(process(), time, ReverseVariance::posterior)).epsilon(1e-12));
      CHECK(high[i * 4 + 3] == doctest::Approx(std::log(process().beta(time))).epsilon(1e-12));
      CHECK(middle[i * 4 + 1] == doctest::Approx((low[i * 4] + high[i * 4]) / 2).epsilon(1e-12));
    }
    const MeanAndRange halves = split_mean_and_range(concat({Tensor::full({2, 3, 3, 3}, 1), Tensor::full({2, 3, 3, 3}, 2)}, -1));
    CHECK(halves.mean.shape() == Shape{2, 3, 3, 3});
    CHECK(min(halves.v).item() == 2);
    CHECK(max(halves.mean).item() == 1);
    CHECK_THROWS_AS(split_mean_and_range(Tensor::zeros({1, 2, 2, 3})), Error);
  }

  TEST_CASE("the hybrid loss has the right gradients, also at t = 0, and the bound gives none to the mean (C.1.2)") {
    Generator g{.seed = 1};
    const Tensor bytes = randint({3, 2, 2, 1}, 0, 256, g), x0 = bytes.to(DType::f64) / 127.5 - 1.0;
    const Tensor t = times({0, 1, 30}), x = x0 + normal({3, 2, 2, 1}, g, DType::f64) * 0.1;
    for (const Decoder decoder : {Decoder::discretised, Decoder::density}) {
      const auto loss = [&](const Tensor& predicted, const Tensor& v) {
        const Tensor simple = mean(square(predicted - x0), {{1, 2, 3}});
        return hybrid_loss(simple, vlb_loss(process(), x0, x, t, predicted, v, decoder), 0.5);
      };
      const Tensor predicted = x0 + normal({3, 2, 2, 1}, g, DType::f64) * 0.02, v = normal({3, 2, 2, 1}, g, DType::f64) * 0.3;
      CHECK(gradcheck([&](const Tensors& in) { return loss(predicted, in[0]); }, {v}) == "");
      CHECK(gradcheck([&](const Tensors& in) { return elbo_terms(process(), x0, x, t, in[0], in[1], decoder); },
                      {predicted, learned_log_variance(process(), v, t)}) == "");

      // Of the mean, L_hybrid has the gradient of L_simple, to the bit.
      const Tensor leaf = variable(predicted), range = variable(v);
      const Tensor of_hybrid = grad(sum(loss(leaf, range)), {leaf})[0];
      const Tensor of_simple = grad(sum(mean(square(leaf - x0), {{1, 2, 3}})), {leaf})[0];
      CHECK(of_hybrid.to_vector<double>() == of_simple.to_vector<double>());
      CHECK_FALSE(grad(sum(vlb_loss(process(), x0, x, t, leaf, range, decoder)), {leaf}, {.allow_unused = true})[0].defined());
    }
  }

  TEST_CASE("a model that learns its variances finds those that make the bound smallest, with times drawn evenly and by importance (A-042, C.1.2)") {
    const double s = 0.5;                           // data N(0, s^2)
    const Ddpm coarse(beta_schedule("cosine", 8));  // few steps: the fixed variances are both far from right
    for (const char* times : {"uniform", "importance"}) {
      const DiffusionOptions options{.steps = 8, .prediction = "x0", .times = times, .variance = "learned"};
      DiffusionModel model(MlpOptions{.width = 32, .blocks = 1, .waves = 0}, options, 5);
      const NamedTensors parameters = model.network().parameters();
      Adam adam(parameters, {});
      for (int64_t step = 0; step < 1500; ++step) {
        Generator g{.seed = 6, .call = uint32_t(step)};
        clear_gradients(parameters);
        backward(model.loss(normal({64, 1, 1, 2}, g) * s, {}, step));
        adam.step({step < 1000 ? 4e-3 : 4e-4, 1});
      }
      Generator g{.seed = 7};
      const Tensor x0 = normal({4000, 1, 1, 2}, g) * s;
      const Denoiser denoiser = model.denoiser({}, 0);
      const auto bound = [&](bool learned, ReverseVariance fixed) {
        const ReverseModel reverse = [&](const Tensor& x, int64_t t) {
          const Denoised d = denoiser(x, double(t));
          if (!learned) return ReversePrediction{d.x0};
          return ReversePrediction{d.x0, learned_log_variance(coarse, d.range, Tensor::full({x.extent(0)}, double(t), DType::i64))};
        };
        return elbo(coarse, reverse, x0, {.variance = fixed, .decoder = Decoder::density}).total();
      };
      const double learned = bound(true, ReverseVariance::posterior), posterior = bound(false, ReverseVariance::posterior),
                   beta = bound(false, ReverseVariance::beta);
      const double entropy = 0.5 * std::log2(2 * std::numbers::pi * std::numbers::e * s * s);
      MESSAGE(std::string(times), ": learned ", learned, ", posterior ", posterior, ", beta ", beta, ", entropy of the data ", entropy,
              " bits a dimension");
      CHECK(learned < std::min(posterior, beta));
      // Given x_t, x_{t-1} has the posterior's variance and that of x_0 as far as x_t leaves it open.
      for (int64_t t = 0; t < coarse.steps(); ++t) {
        const Marginal m = coarse.marginal(double(t));
        const Ddpm::Posterior p = coarse.posterior(t);
        const double open = s * s * m.deviation * m.deviation / (m.scale * m.scale * s * s + m.deviation * m.deviation);
        const Tensor x = x0 * m.scale + normal(x0.shape(), g) * m.deviation;
        const Tensor range = denoiser(x, double(t)).range;
        const double variance = mean(exp(learned_log_variance(coarse, range, Tensor::full({x.extent(0)}, double(t), DType::i64)))).item();
        CAPTURE(t);
        CHECK(variance == doctest::Approx(p.variance + p.x0_weight * p.x0_weight * open).epsilon(0.1));
      }

      // A chain with these variances has the data's spread, where the fixed ones miss it on both sides.
      const auto spread = [&](const char* variance) {
        const Tensor x =
            sample(coarse, denoiser, {20000, 1, 1, 2}, {.sampler = "ancestral", .steps = 8, .variance = variance, .clip = false, .seed = 1});
        return std::sqrt(mean(square(x)).item());
      };
      CHECK(spread("learned") == doctest::Approx(s).epsilon(0.05));
    }
  }

  TEST_CASE("a loss that nobody learns from leaves the memory of losses alone") {
    DiffusionModel model(MlpOptions{.width = 8, .blocks = 1}, {.steps = 4, .prediction = "epsilon", .times = "importance"}, 5);
    Generator g{.seed = 7};
    const Tensor x0 = normal({64, 1, 1, 2}, g), before = model.state().at(0).second;
    {
      const NoGrad guard;
      model.loss(x0, {}, 0);
      CHECK(model.state().at(0).second.to_vector<double>() == before.to_vector<double>());
    }
    model.loss(x0, {}, 0);
    CHECK(model.state().at(0).second.to_vector<double>() != before.to_vector<double>());
  }

  TEST_CASE("the bound over uniform times estimates the sum of its terms") {
    Generator g{.seed = 2};
    const Tensor x0 = normal({1, 1}, g, DType::f64).clone();
    const Tensor v = Tensor::full({40, 1}, 0.2, DType::f64), all = Tensor::arange(40);
    Tensor data = Tensor::empty({40, 1}, DType::f64);
    data.fill(x0.item());
    const Tensor predicted = data * 0.9, log_variance = learned_log_variance(process(), v, all);
    const double whole = sum(elbo_terms(process(), data, data, all, predicted, log_variance, Decoder::density)).item();
    CHECK(mean(vlb_loss(process(), data, data, all, predicted, v, Decoder::density)).item() == doctest::Approx(whole).epsilon(1e-12));
  }

  TEST_CASE("on Gaussian data the bound is least at the true variance of x_{t-1} given x_t (C.1.2)") {
    const double s = 0.5;
    const int64_t n = 20000;
    for (const int64_t t : {5, 20, 39}) {
      const Marginal m = process().marginal(t);
      const Ddpm::Posterior p = process().posterior(t);
      const double gain = m.scale * s * s / (m.scale * m.scale * s * s + m.deviation * m.deviation);
      const double truth = p.variance + p.x0_weight * p.x0_weight * s * s * (1 - gain * m.scale);
      const double low = std::log(p.variance), high = std::log(process().beta(t)), v = 2 * (std::log(truth) - low) / (high - low) - 1;
      CHECK((v > -1 && v < 1));  // as Nichol & Dhariwal's range promises for data of variance below 1
      Generator g{.seed = 3};
      const Tensor x0 = normal({n, 1}, g, DType::f64) * s, x = x0 * m.scale + normal({n, 1}, g, DType::f64) * m.deviation;
      const Tensor at = Tensor::full({n}, double(t), DType::i64);
      const auto slope = [&](double place) {
        const Tensor leaf = variable(Tensor::full({1, 1}, place, DType::f64));
        return grad(mean(vlb_loss(process(), x0, x, at, x * gain, leaf + Tensor::zeros({n, 1}, DType::f64), Decoder::density)), {leaf})[0].item();
      };
      // The slope's random part is (error^2 - its mean) / sigma^2 with sqrt(2/n) = 1 % of its mean: 5 standard errors of the slope at the minimum,
      // which is a smaller slope than half a unit to either side.
      const double error = p.x0_weight * p.x0_weight * s * s * (1 - gain * m.scale) / truth;
      const double tolerance = 5 * 0.01 * error * (high - low) / 4 * double(process().steps()) / std::log(2.0);
      CHECK(std::abs(slope(v)) < tolerance);
      CHECK(slope(v - 0.5) < 0);
      CHECK(slope(v + 0.5) > 0);
    }
  }
}
