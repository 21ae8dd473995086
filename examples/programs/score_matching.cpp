// Four ways to learn the score of a mixture of normal distributions in the plane: the Fisher divergence E|s - grad log p|^2 that each reaches.
// program_score_matching [STEPS]
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "ito.h"
using namespace ito;

// grad log p of the set blurred by N(0, sigma^2 I); x (N, 1, 1, 2). Autograd differentiates log sum_k w_k exp(-|x - m_k|^2 / 2v).
Tensor true_score(const PointSet& set, double sigma, const Tensor& points) {
  const double v = std::pow(set.deviation / set.scale, 2) + sigma * sigma;
  const Tensor x = variable(points.detach());
  Tensors terms;
  for (const Component& c : set.components) {
    const Tensor mean = Tensor::from<float>({float(c.mean[0] / set.scale), float(c.mean[1] / set.scale)});
    terms.push_back(sum(square(x - mean), {.axes = {3}}) * (-0.5 / v) + std::log(c.weight));
  }
  return grad(sum(logsumexp(concat(terms, 2), {.axes = {2}})), {x})[0];
}

int main(int argc, char** argv) {
  const int64_t steps = argc > 1 ? std::atoll(argv[1]) : 400, batch = 256;
  const PointSet& set = point_set("mixture");
  const double sigma = 0.1;
  const Tensor test = draw_points("mixture", 2000, {.seed = 1}).points;
  std::printf("%-10s %12s %12s %16s\n", "objective", "at first", "to p", "to p blurred");
  for (const std::string& objective : score_matching_names()) {
    Generator init{.seed = 2}, draws{.seed = 3}, unused;
    const Mlp net({.width = 64, .blocks = 2, .waves = 0}, init);
    const RowMap score = [&](const Tensor& x) { return net(x, Tensor::zeros({x.extent(0)}), {}, unused); };
    const auto truth = [&](double blur) { return [&, blur](const Tensor& x) { return true_score(set, blur, x); }; };
    const auto fisher = [&](double blur) {
      const Tensor x = test + normal(test.shape(), draws) * blur;
      return 2 * mean(explicit_score_matching(score, truth(blur), x)).item();
    };
    const double first = fisher(0);
    const NamedTensors parameters = net.parameters();
    Adam adam(parameters);
    for (int64_t step = 0; step < steps; ++step) {
      clear_gradients(parameters);
      const Tensor x = draw_points("mixture", batch, {.seed = 4}, step * batch).points;
      backward(score_matching_loss(score, x, {.objective = objective, .true_score = truth(0), .sigma = sigma}, draws));
      adam.step({.lr = 5e-3 * (1 - double(step) / double(steps))});
    }
    std::printf("%-10s %12.4f %12.4f %16.4f\n", objective.c_str(), first, fisher(0), fisher(sigma));
  }
}
