// What holds of ViT, U-ViT and SIREN whatever their weights; their values are in test_golden_networks.cpp.
#include <doctest/doctest.h>

#include <cmath>

#include "autograd/gradcheck.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/concat.h"
#include "autograd/ops/loss.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/reshape.h"
#include "autograd/ops/unary.h"
#include "nn/inner_steps.h"
#include "nn/siren.h"
#include "nn/vit.h"

using namespace ito;

namespace {

Tensor normal64(const Shape& shape, Generator& g, double deviation = 1) { return normal(shape, g, DType::f64) * deviation; }

// W_1, b_1, ..., f64, of a net 2 -> 3 -> 3 -> 1; each for so many signals, 0 for one that all share.
Tensors small_parameters(Generator& g, int64_t signals_weight, int64_t signals_bias) {
  const auto shape = [](int64_t signals, const Shape& one) {
    Shape all = one;
    if (signals > 0) all.insert(all.begin(), signals);
    return all;
  };
  Tensors p;
  for (const auto& [in, out] : {std::pair<int64_t, int64_t>{2, 3}, {3, 3}, {3, 1}}) {
    p.push_back(normal64(shape(signals_weight, {out, in}), g, 0.3));
    p.push_back(normal64(shape(signals_bias, {out}), g, 0.3));
  }
  return p;
}

constexpr double slow = 2;  // w0 of checks by differences, whose error grows with w0^3

double largest_difference(const Tensor& a, const Tensor& b) { return max(abs(a - b)).item(); }

}  // namespace

TEST_SUITE("nn") {
  TEST_CASE("U-ViT has the parameter counts of its structure") {
    Generator g;
    CHECK(ViT({.patch = 4, .dim = 128, .depth = 4, .heads = 4}, g).parameter_count() == 1068058);
    CHECK(ViT({.patch = 2, .dim = 128, .depth = 4, .heads = 4}, g).parameter_count() == 1089550);
    const int64_t block = 197888;  // 2 norms 2 x 128; 128 x 384; 128 x 128 + 128; 128 x 512 + 512; 512 x 128 + 128
    CHECK(ViT({.patch = 4, .depth = 5, .long_skips = false}, g).parameter_count() == 1068058 - 2 * (256 * 128 + 128));
    CHECK(ViT({.patch = 4, .depth = 6, .long_skips = false}, g).parameter_count() == 1068058 - 2 * (256 * 128 + 128) + block);
    CHECK(ViT({.patch = 4, .classes = 10}, g).parameter_count() == 1068058 + 12 * 128);  // 11 labels and a position
  }

  TEST_CASE("ViT: images, times and labels of a wrong shape, and options that do not fit, are one clear line") {
    Generator g;
    const ViT net({.size = 8, .dim = 16, .depth = 2, .heads = 2}, g);
    const Tensor x = Tensor::ones({2, 8, 8, 1}), t = Tensor::zeros({2}), labels = Tensor::zeros({2}, DType::i64);
    CHECK_THROWS_WITH_AS(net(Tensor::ones({2, 8, 12, 1}), t), doctest::Contains("expected images (N, 8, 8, 1), got [2, 8, 12, 1]"), Error);
    CHECK_THROWS_WITH_AS(net(Tensor::ones({8, 8, 1}), t), doctest::Contains("got [8, 8, 1]"), Error);
    CHECK_THROWS_WITH_AS(net(x, Tensor::zeros({3})), doctest::Contains("one time an image"), Error);
    CHECK_THROWS_WITH_AS(net(x, t, labels), doctest::Contains("no classes"), Error);
    const ViT labelled({.size = 8, .dim = 16, .depth = 2, .heads = 2, .classes = 3}, g);
    CHECK_THROWS_WITH_AS(labelled(x, t, Tensor::zeros({1}, DType::i64)), doctest::Contains("one label an image"), Error);
    CHECK_THROWS_WITH_AS(labelled(x, t, Tensor::full({2}, 4, DType::i64)), doctest::Contains("4"), Error);
    CHECK(largest_difference(labelled(x, t, Tensor::full({2}, 3, DType::i64)), labelled(x, t)) == 0);  // label 3 is "no label"
    CHECK_THROWS_WITH_AS(ViT({.depth = 3}, g), doctest::Contains("depth must be even"), Error);
    CHECK_THROWS_WITH_AS(ViT({.patch = 5}, g), doctest::Contains("patches of 5 x 5"), Error);
    CHECK_THROWS_WITH_AS(ViT({.dim = 30, .heads = 4}, g), doctest::Contains("dim 30 and 4 heads"), Error);
  }

  TEST_CASE("a ViT's output for an image does not depend on its batch") {
    const NoGrad guard;
    for (const bool long_skips : {false, true}) {
      Generator g;
      const ViT net({.channels = 3, .size = 8, .patch = 2, .dim = 32, .depth = 2, .heads = 2, .long_skips = long_skips}, g);
      for (const auto& [name, p] : net.parameters()) p.copy_from(normal(p.shape(), g) * 0.1);
      const Tensor x = normal({5, 8, 8, 3}, g), t = uniform({5}, g, 0, 1000);
      const std::vector<float> all = net(x, t).to_vector<float>(), one = net(x.rows(3, 4), t.rows(3, 4)).to_vector<float>();
      CHECK(std::equal(one.begin(), one.end(), all.begin() + 3 * 192));
    }
  }

  TEST_CASE("SIREN's start keeps the spread of activations over the layers, at that of an arcsine distribution") {
    const NoGrad guard;
    Generator g{.seed = 3};
    const Siren net({.width = 128, .depth = 8}, g);
    const Tensors w = net.weights();
    CHECK(net.parameter_count() == 2 * 128 + 128 + 7 * (128 * 128 + 128) + 128 + 1);
    Tensor h = grid_coordinates(32, 32);
    for (size_t i = 0; i + 2 < w.size(); i += 2) {
      h = sin(linear(h, w[i], w[i + 1]) * 30.0);
      const double deviation = std::sqrt(variance(h.to(DType::f64)).item());
      CHECK_MESSAGE(deviation == doctest::Approx(1 / std::sqrt(2.0)).epsilon(0.06), "layer ", i / 2 + 1);
    }
    CHECK(largest_difference(linear(h, w[16], w[17]), net(grid_coordinates(32, 32))) < 1e-4);
  }

  TEST_CASE("grid coordinates are the centres of pixels, rows first") {
    const Tensor grid = grid_coordinates(2, 4);
    CHECK(grid.shape() == Shape{8, 2});
    CHECK(grid.to_vector<float>() ==
          std::vector<float>{-.5f, -.75f, -.5f, -.25f, -.5f, .25f, -.5f, .75f, .5f, -.75f, .5f, -.25f, .5f, .25f, .5f, .75f});
  }

  TEST_CASE("SIREN with weights or biases for each signal equals one call a signal") {
    Generator g{.seed = 4};
    const int64_t signals = 3;
    for (const auto& [weights, biases] : {std::pair<int64_t, int64_t>{signals, signals}, {0, signals}, {signals, 0}, {0, 0}}) {
      const Tensors p = small_parameters(g, weights, biases);
      for (const Tensor& x : {normal64({5, 2}, g), normal64({signals, 5, 2}, g)}) {
        Tensors each;
        for (int64_t s = 0; s < signals; ++s) {
          Tensors own;
          for (size_t i = 0; i < p.size(); ++i) {
            const bool many = (i % 2 ? biases : weights) > 0;
            own.push_back(many ? reshape(p[i].rows(s, s + 1), Shape(p[i].shape()).without(0)) : p[i]);
          }
          each.push_back(siren(x.rank() == 3 ? reshape(x.rows(s, s + 1), {5, 2}) : x, own));
        }
        CHECK(largest_difference(siren(x, p), stack(each, 0)) < 1e-12);
      }
    }
  }

  TEST_CASE("SIREN's derivatives of first and second order, with weights for all and for each signal") {
    Generator g{.seed = 5};
    for (const auto& [weights, biases] : {std::pair<int64_t, int64_t>{0, 0}, {2, 2}, {0, 2}}) {
      Tensors inputs = small_parameters(g, weights, biases);
      inputs.push_back(normal64({4, 2}, g));
      const auto f = [](const Tensors& in) { return siren(in.back(), Tensors(in.begin(), in.end() - 1), slow); };
      CHECK(gradcheck(f, inputs) == "");
      CHECK(gradgradcheck(f, inputs) == "");
    }
  }

  TEST_CASE("a loss after inner steps has the gradient that differences give") {
    Generator g{.seed = 6};
    const Tensor x = normal64({4, 2}, g), signals = normal64({2, 4, 1}, g);
    const auto after = [&](const Tensors& theta) {
      const auto loss = [&](const Tensors& p) { return mse_loss(siren(x, p, slow), signals); };
      return loss(inner_steps([&](const Tensors& p) { return loss(p) * 2; }, repeat_for_signals(theta, 2), 3, 0.1));
    };
    const Tensors theta = small_parameters(g, 0, 0);
    CHECK(gradcheck(after, theta) == "");
    const double recorded = after(theta).item();
    const NoGrad guard;
    CHECK(after(theta).item() == recorded);
  }

  TEST_CASE("SIREN names what does not fit") {
    Generator g;
    const Tensor x = Tensor::ones({5, 2}, DType::f64);
    Tensors p = small_parameters(g, 2, 2);
    CHECK_THROWS_WITH_AS(siren(x, {p[0], p[1], p[2]}), doctest::Contains("got 3 tensors"), Error);
    CHECK_THROWS_WITH_AS(siren(Tensor::ones({5, 3}, DType::f64), p), doctest::Contains("layer 1 has weight [2, 3, 2]"), Error);
    CHECK_THROWS_WITH_AS(siren(Tensor::ones({3, 5, 2}, DType::f64), p), doctest::Contains("with parameters for 2 signals"), Error);
    p[5] = Tensor::ones({4, 1}, DType::f64);
    CHECK_THROWS_WITH_AS(siren(x, p), doctest::Contains("for 2 and for 4 signals"), Error);
    CHECK_THROWS_WITH_AS(Siren({.depth = 0}, g), doctest::Contains("at least 1"), Error);
  }
}
