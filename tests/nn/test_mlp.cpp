// The denoiser of points: its formula, that it learns, and its second derivatives.
#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "autograd/gradcheck.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/concat.h"
#include "autograd/ops/loss.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/reshape.h"
#include "autograd/ops/slice.h"
#include "autograd/ops/unary.h"
#include "nn/mlp.h"
#include "nn/optim.h"
#include "nn/time_embedding.h"

using namespace ito;

namespace {

using State = std::map<std::string, Tensor>;

constexpr int64_t waves = 3;

// The formula at the head of nn/mlp.h, in the type of x.
Tensor by_formula(const State& p, const Tensor& x, const Tensor& t, int64_t blocks) {
  const auto layer = [&](const std::string& name, const Tensor& in) { return linear(in, p.at(name + ".weight"), p.at(name + ".bias")); };
  // A coordinate and its waves stand together.
  Tensors seen;
  for (const int64_t i : {0, 1}) {
    const Tensor v = slice(x, 1, i, i + 1);
    seen.push_back(v);
    for (const bool sines : {true, false})
      for (int64_t k = 0; k < waves; ++k) {
        const Tensor angle = v * (0.5 * std::pow(40.0, double(k) / double(waves - 1)));
        seen.push_back(sines ? sin(angle) : cos(angle));
      }
  }
  Tensor h = layer("in", concat(seen, 1)) + layer("time2", silu(layer("time1", sinusoidal_embedding(t, p.at("time1.weight").extent(1)))));
  for (int64_t i = 0; i < blocks; ++i) {
    const std::string block = "blocks." + std::to_string(i);
    h = h + layer(block + ".down", silu(layer(block + ".up", silu(h))));
  }
  return layer("last", silu(h));
}

// Half the squared length of the score, and its divergence by one gradient a coordinate: what implicit score matching minimises (Hyvarinen 2005).
Tensor implicit_loss(const Tensor& score, const Tensor& x) {
  Tensor divergence;
  for (const int64_t i : {0, 1}) {
    const Tensor by_x = grad(sum(slice(score, -1, i, i + 1)), {x}, {.create_graph = true})[0];
    const Tensor own = sum(slice(by_x, -1, i, i + 1));
    divergence = divergence.defined() ? divergence + own : own;
  }
  return sum(square(score)) * 0.5 + divergence;
}

}  // namespace

TEST_SUITE("nn") {
  TEST_CASE("the MLP has the parameters of its structure, starts at zero output, and names what does not fit") {
    Generator g, unused;
    const Mlp net({}, g), labelled({.width = 8, .blocks = 1, .classes = 3}, g);
    CHECK(net.parameter_count() == 140930);
    CHECK(Mlp({.waves = 0}, g).parameter_count() == 132738);
    CHECK(labelled.parameter_count() == (66 * 8 + 8) + 2 * 72 + 4 * 8 + 2 * 72 + (8 * 2 + 2));
    const Tensor x = Tensor::ones({3, 1, 1, 2}), t = Tensor::full({3}, 500);
    CHECK(max(abs(net(x, t, {}, unused))).item() == 0);
    CHECK(net(x, t, {}, unused).shape() == x.shape());
    CHECK_THROWS_WITH_AS(net(Tensor::ones({3, 2}), t, {}, unused), doctest::Contains("expected points (N, 1, 1, 2), got [3, 2]"), Error);
    CHECK_THROWS_WITH_AS(net(x, Tensor::zeros({2}), {}, unused), doctest::Contains("one time a point"), Error);
    CHECK_THROWS_WITH_AS(net(x, t, Tensor::zeros({3}, DType::i64), unused), doctest::Contains("no classes"), Error);
    CHECK_THROWS_WITH_AS(Mlp({.width = 7}, g), doctest::Contains("width must be even"), Error);
    CHECK_THROWS_WITH_AS(Mlp({.waves = -1}, g), doctest::Contains("no fewer waves than none"), Error);
  }

  TEST_CASE("an MLP's output for a point depends on its time and label, and not on its batch") {
    const NoGrad guard;
    Generator g{.seed = 1}, unused;
    const Mlp net({.width = 32, .classes = 3}, g);
    for (const auto& [name, p] : net.parameters()) p.copy_from(normal(p.shape(), g) * 0.2);
    const Tensor x = normal({300, 1, 1, 2}, g), t = uniform({300}, g, 0, 1000), labels = randint({300}, 0, 3, g);
    const std::vector<float> all = net(x, t, labels, unused).to_vector<float>();
    const auto one = [&](const Tensor& time, const Tensor& label) { return net(x.rows(7, 8), time, label, unused).to_vector<float>(); };
    CHECK(one(t.rows(7, 8), labels.rows(7, 8)) == std::vector<float>(all.begin() + 14, all.begin() + 16));
    CHECK(one(Tensor::full({1}, 3), labels.rows(7, 8)) != one(Tensor::full({1}, 900), labels.rows(7, 8)));
    CHECK(one(t.rows(7, 8), Tensor::full({1}, 0, DType::i64)) != one(t.rows(7, 8), Tensor::full({1}, 1, DType::i64)));
    CHECK(one(t.rows(7, 8), Tensor::full({1}, 3, DType::i64)) == one(t.rows(7, 8), {}));
  }

  TEST_CASE("the MLP computes its formula, and derivatives of second order, as implicit score matching takes them, are right") {
    Generator g{.seed = 2}, unused;
    const Mlp net({.width = 8, .blocks = 2, .waves = waves}, g);
    State exact;
    for (const auto& [name, p] : net.parameters()) {
      p.copy_from(normal(p.shape(), g) * 0.4);
      exact[name] = variable(p.to(DType::f64));
    }
    const Tensor x = normal({5, 1, 1, 2}, g), t = uniform({5}, g, 0, 1000);
    const Tensor score = net(variable(x), t, {}, unused), expected = by_formula(exact, x.to(DType::f64).view({5, 2}), t.to(DType::f64), 2);
    CHECK(max(abs(score.to(DType::f64).view({5, 2}) - expected)).item() < 1e-5);

    // Its gradient with respect to x and one weight, twice, in f64 ...
    const std::string some = "blocks.0.up.weight";
    const auto f = [&](const Tensors& in) {
      State with = exact;
      with[some] = in[1];
      return by_formula(with, in[0], t.to(DType::f64), 2);
    };
    const Tensors inputs{x.to(DType::f64).view({5, 2}), exact[some].detach()};
    CHECK(gradcheck(f, inputs) == "");
    CHECK(gradgradcheck(f, inputs) == "");
    // ... and of the whole loss with respect to every parameter: the network's own, in f32, against the formula's.
    const Tensor seen = variable(x), seen64 = variable(x.to(DType::f64).view({5, 2}));
    backward(implicit_loss(net(seen, t, {}, unused), seen));
    backward(implicit_loss(by_formula(exact, seen64, t.to(DType::f64), 2), seen64));
    for (const auto& parameter : net.parameters()) {
      const std::string& name = parameter.first;
      const Tensor reference = grad_of(exact[name]);
      CHECK_MESSAGE(max(abs(reference)).item() > 1e-3, name);
      CHECK_MESSAGE(max(abs(grad_of(parameter.second).to(DType::f64) - reference)).item() < 1e-4 * max(abs(reference)).item() + 1e-5, name);
    }
  }

  TEST_CASE("a few hundred steps fit the MLP to a function of place and time") {
    Generator init{.seed = 3}, draws{.seed = 4}, unused;
    const Mlp net({.width = 64}, init);
    const NamedTensors parameters = net.parameters();
    Adam adam(parameters);
    // (sin(3 x) cos(t / 200), x y): its mean square over the square [-1, 1]^2 and all times is about 0.3.
    const auto target = [](const Tensor& x, const Tensor& t) {
      const int64_t n = x.extent(0);
      const Tensor a = slice(x, 3, 0, 1), b = slice(x, 3, 1, 2), time = reshape(t, {n, 1, 1, 1});
      return concat({sin(a * 3.0) * cos(time * (1 / 200.0)), a * b}, 3);
    };
    const auto loss_at = [&](int64_t n) {
      const Tensor x = uniform({n, 1, 1, 2}, draws, -1, 1), t = uniform({n}, draws, 0, 1000);
      return mse_loss(net(x, t, {}, unused), target(x, t));
    };
    const double before = loss_at(2048).item();
    for (int step = 0; step < 400; ++step) {
      clear_gradients(parameters);
      backward(loss_at(256));
      adam.step({.lr = 3e-3});
    }
    const double after = loss_at(2048).item();
    CHECK_MESSAGE(after < 0.01 * before, before, " ", after);
  }
}
