// Training by the four objectives of score matching: each leads a small network to the score.
#include <doctest/doctest.h>

#include "autograd/graph.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/slice.h"
#include "diffusion/score_matching.h"
#include "nn/mlp.h"
#include "nn/optim.h"
#include "tests/theory/mixture.h"

using namespace ito;

namespace {

// Three components that overlap: where the data is, the score bends.
const theory::Mixture law{.weights = {0.5, 0.3, 0.2}, .means = {{1, 0}, {-0.5, 0.9}, {-0.5, -0.9}}, .variance = 0.16};

Tensor points(int64_t count, uint64_t seed) { return law.draw(count, seed).to(DType::f32).view({count, 1, 1, 2}); }

RowMap score_of(const theory::Mixture& mixture) {
  return [&mixture](const Tensor& x) { return mixture.score(x.detach().to(DType::f64).view({x.extent(0), 2})).to(DType::f32).view(x.shape()); };
}

double fisher_divergence(const RowMap& score, const theory::Mixture& of, const Tensor& x) {
  const NoGrad guard;
  return 2 * mean(explicit_score_matching(score, score_of(of), x)).item();
}

}  // namespace

TEST_SUITE("diffusion") {
  TEST_CASE(
      "each objective of score matching trains a network to the score, the denoising one to that of blurred data (A-061, A-062, A-063, A-064)") {
    constexpr double sigma = 0.2;
    const theory::Mixture blurred = law.noised(1, sigma);
    const Tensor x = points(4000, 1), x_blurred = blurred.draw(4000, 1).to(DType::f32).view({4000, 1, 1, 2});
    for (const std::string& objective : score_matching_names()) {
      Generator init{.seed = 2}, draws{.seed = 3}, unused;
      const Mlp net({.width = 32, .blocks = 2, .waves = 0}, init);
      const RowMap score = [&](const Tensor& at) { return net(at, Tensor::zeros({at.extent(0)}), {}, unused); };
      const bool of_blurred = objective == "denoising";
      const double before = of_blurred ? fisher_divergence(score, blurred, x_blurred) : fisher_divergence(score, law, x);
      const NamedTensors parameters = net.parameters();
      Adam adam(parameters);
      constexpr int64_t steps = 500;
      for (int64_t step = 0; step < steps; ++step) {
        clear_gradients(parameters);
        backward(score_matching_loss(score, points(512, 10 + uint64_t(step)), {.objective = objective, .true_score = score_of(law), .sigma = sigma},
                                     draws));
        adam.step({.lr = 1e-2 * (1 - double(step) / double(steps))});
      }
      const double to_data = fisher_divergence(score, law, x), to_blurred = fisher_divergence(score, blurred, x_blurred);
      const double own = of_blurred ? to_blurred : to_data, other = of_blurred ? to_data : to_blurred;
      MESSAGE(objective, ": Fisher divergence ", before, " -> ", own, "; to the other law ", other);
      // The best score that is affine leaves 1 - tr C^-1 / E|grad log p|^2 = 0.69 of the data's, C their covariance.
      CHECK(own < 0.02 * before);
      CHECK(own < 0.2 * other);
    }
  }

  TEST_CASE("an objective of score matching that there is not, or that lacks what it needs, is named") {
    const RowMap score = [](const Tensor& x) { return x; };
    Generator draws;
    const auto loss = [&](const ScoreMatchingOptions& o) { return score_matching_loss(score, points(2, 1), o, draws); };
    CHECK_THROWS_WITH_AS(loss({.objective = "fisher"}), doctest::Contains("no score matching 'fisher'; there are: explicit"), Error);
    CHECK_THROWS_WITH_AS(loss({.objective = "explicit"}), doctest::Contains("needs the true score"), Error);
    CHECK_THROWS_WITH_AS(loss({.objective = "denoising", .sigma = 0}), doctest::Contains("positive sigma, got 0"), Error);
    // Probes and noise are fresh each time.
    for (const std::string objective : {"sliced", "denoising"}) {
      const RowMap cube = [](const Tensor& x) { return x * x * flip(x, {3}); };  // with a Jacobian that is not diagonal
      const auto draw = [&] { return score_matching_loss(cube, points(2, 1), {.objective = objective}, draws).item(); };
      CHECK(draw() != draw());
    }
  }
}
