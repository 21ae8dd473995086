// NCSN's score network: the conditional norm, dilated convolutions and resizing by their definitions; what the whole depends on.
#include <doctest/doctest.h>

#include <cmath>

#include "autograd/gradcheck.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/loss.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/unary.h"
#include "nn/optim.h"
#include "nn/refinenet.h"

using namespace ito;

namespace {
double largest_difference(const Tensor& a, const Tensor& b) { return max(abs(a - b)).item(); }
}  // namespace

TEST_SUITE("nn") {
  TEST_CASE("conditional instance norm++ is its formula, with the values of each image's noise level (A-165)") {
    Generator g{.seed = 1};
    const int64_t n = 3, side = 4, c = 5;
    ConditionalNorm norm(c, 2, g);
    CHECK(std::abs(mean(norm.weight.rows(0, 1)).item() - 2.0 / 3) < 0.05);  // gamma and alpha about 1, beta 0
    norm.weight.copy_from(normal(norm.weight.shape(), g));
    const Tensor x = normal({n, side, side, c}, g) * 2.0 + 1.0, level = Tensor::from<int64_t>({1, 0, 1});
    const std::vector<double> y = norm(x, level).to_vector<double>(), v = x.to_vector<double>(), w = norm.weight.to_vector<double>();
    const int64_t pixels = side * side;
    for (int64_t i = 0; i < n; ++i) {
      std::vector<double> mu(c), s(c);
      const auto at = [&](int64_t p, int64_t k) { return size_t((i * pixels + p) * c + k); };
      for (int64_t k = 0; k < c; ++k) {
        for (int64_t p = 0; p < pixels; ++p) mu[size_t(k)] += v[at(p, k)] / double(pixels);
        for (int64_t p = 0; p < pixels; ++p) s[size_t(k)] += std::pow(v[at(p, k)] - mu[size_t(k)], 2) / double(pixels);
      }
      double m = 0, spread = 0;
      for (const double value : mu) m += value / double(c);
      for (const double value : mu) spread += std::pow(value - m, 2) / double(c - 1);
      const auto* row = w.data() + level.data<int64_t>()[i] * 3 * c;  // gamma, alpha, beta
      for (int64_t k = 0; k < c; ++k)
        for (int64_t p = 0; p < pixels; ++p) {
          const double z = row[k] * (v[at(p, k)] - mu[size_t(k)]) / std::sqrt(s[size_t(k)] + 1e-5) + row[2 * c + k] +
                           row[c + k] * (mu[size_t(k)] - m) / std::sqrt(spread + 1e-5);
          CHECK(y[at(p, k)] == doctest::Approx(z).epsilon(1e-4));
        }
    }
  }

  TEST_CASE("a dilated convolution is its sum over taps, also where the dilation does not divide the image (A-165)") {
    Generator g{.seed = 2};
    for (const auto& [side, d] : {std::pair<int64_t, int64_t>{6, 2}, {7, 2}, {6, 4}, {5, 1}, {3, 4}}) {
      const int64_t in = 2, out = 3;
      const Tensor x = normal({2, side, side + 1, in}, g, DType::f64), w = normal({out, 3, 3, in}, g, DType::f64), b = normal({out}, g, DType::f64);
      const Tensor y = dilated_conv2d(x, w, b, d);
      CHECK(y.shape() == Shape{2, side, side + 1, out});
      for (int64_t n = 0; n < 2; ++n)
        for (int64_t i = 0; i < side; ++i)
          for (int64_t j = 0; j <= side; ++j)
            for (int64_t o = 0; o < out; ++o) {
              double sum = b.data<double>()[o];
              for (int64_t u = 0; u < 3; ++u)
                for (int64_t v = 0; v < 3; ++v)
                  for (int64_t c = 0; c < in; ++c) {
                    const int64_t row = i + (u - 1) * d, column = j + (v - 1) * d;
                    if (row < 0 || row >= side || column < 0 || column > side) continue;
                    sum += x.data<double>()[((n * side + row) * (side + 1) + column) * in + c] * w.data<double>()[((o * 3 + u) * 3 + v) * in + c];
                  }
              CHECK(y.data<double>()[((n * side + i) * (side + 1) + j) * out + o] == doctest::Approx(sum).epsilon(1e-12));
            }
    }
    const Tensors inputs{normal({1, 5, 4, 2}, g, DType::f64), normal({2, 3, 3, 2}, g, DType::f64)};
    CHECK(gradcheck([](const Tensors& in) { return dilated_conv2d(in[0], in[1], {}, 2); }, inputs) == "");
    CHECK(gradgradcheck([](const Tensors& in) { return dilated_conv2d(in[0], in[1], {}, 2); }, inputs) == "");
    CHECK_THROWS_WITH_AS(dilated_conv2d(inputs[0], normal({2, 2, 2, 2}, g, DType::f64), {}, 2), doctest::Contains("odd square window"), Error);
  }

  TEST_CASE("bilinear resizing keeps planes planes, and corners where they are") {
    const auto plane = [](int64_t height, int64_t width, double row, double column) {
      const Tensor x = Tensor::empty({1, height, width, 2}, DType::f64);
      for (int64_t i = 0; i < height; ++i)
        for (int64_t j = 0; j < width; ++j) {
          x.data<double>()[2 * (i * width + j)] = 1 + row * double(i) - column * double(j);
          x.data<double>()[2 * (i * width + j) + 1] = row * double(i);
        }
      return x;
    };
    // 14 rows over 28: a step is 13/27 of a row; weights are rounded to f32.
    CHECK(largest_difference(resize_bilinear(plane(14, 7, 1, 2), 28, 14), plane(28, 14, 13.0 / 27, 2 * 6.0 / 13)) < 1e-5);
    CHECK(largest_difference(resize_bilinear(plane(1, 3, 1, 2), 2, 5), plane(2, 5, 0, 1)) < 1e-5);
    Generator g;
    CHECK(gradcheck([](const Tensors& in) { return resize_bilinear(in[0], 5, 4); }, {normal({2, 3, 2, 2}, g, DType::f64)}) == "");
  }

  TEST_CASE("RefineNet: shapes, levels, an image's output whatever its batch, and what does not fit (A-165, A-071)") {
    Generator g{.seed = 3}, unused;
    const RefineNet net({.base = 8, .levels = 4}, g);
    const NoGrad guard;
    const Tensor x = normal({3, 28, 28, 1}, g), t = Tensor::from<float>({0, 3, 1});
    const Tensor y = net(x, t, {}, unused);
    CHECK(y.shape() == x.shape());
    CHECK(max(abs(net(x.rows(1, 2), t.rows(1, 2), {}, unused) - y.rows(1, 2))).item() == 0);
    CHECK(largest_difference(net(x, Tensor::full({3}, 0), {}, unused), net(x, Tensor::full({3}, 3), {}, unused)) > 1e-3);
    CHECK(RefineNet({.base = 8, .patch = 2}, g)(x, t, {}, unused).shape() == x.shape());
    CHECK(RefineNet({.channels = 3, .base = 8}, g)(normal({1, 32, 32, 3}, g), Tensor::zeros({1}), {}, unused).shape() == Shape{1, 32, 32, 3});
    CHECK_THROWS_WITH_AS(net(x, Tensor::full({3}, 4), {}, unused), doctest::Contains("a noise level is 0 to 3, got 4"), Error);
    CHECK_THROWS_WITH_AS(net(x, Tensor::full({3}, 0.5), {}, unused), doctest::Contains("got 0.5"), Error);
    CHECK_THROWS_WITH_AS(net(x, Tensor::full({2}, 0), {}, unused), doctest::Contains("one noise level an image"), Error);
    CHECK_THROWS_WITH_AS(net(normal({1, 27, 28, 1}, g), Tensor::zeros({1}), {}, unused), doctest::Contains("multiples of 2, got"), Error);
    CHECK_THROWS_WITH_AS(net(x, t, Tensor::zeros({3}, DType::i64), unused), doctest::Contains("no classes"), Error);
    CHECK_THROWS_WITH_AS(RefineNet({.base = -4}, g), doctest::Contains("base must be at least 2"), Error);
    CHECK_THROWS_WITH_AS(RefineNet({.levels = 0}, g), doctest::Contains("at least one channel, level and unit"), Error);
  }

  TEST_CASE("RefineNet: a gradient reaches every parameter of the levels in the batch, and steps lower the loss of denoising score matching") {
    Generator g{.seed = 4}, unused;
    const RefineNet net({.base = 8, .levels = 2}, g);
    const NamedTensors parameters = net.parameters();
    const Tensor x = normal({4, 12, 12, 1}, g) * 0.3, noise = normal(x.shape(), g), t = Tensor::from<float>({0, 1, 0, 1});
    Adam adam(parameters);
    double first = 0, last = 0;
    for (int step = 0; step < 30; ++step) {
      clear_gradients(parameters);
      const Tensor loss = mse_loss(net(x + noise, t, {}, unused), -noise);  // deviation 1
      backward(loss);
      if (step == 0) {
        first = loss.item();
        for (const auto& parameter : parameters) {
          REQUIRE_MESSAGE(grad_of(parameter.second).defined(), parameter.first);
          CHECK_MESSAGE(max(abs(grad_of(parameter.second))).item() > 0, parameter.first);
        }
      }
      last = loss.item();
      adam.step({.lr = 3e-3});
    }
    CHECK_MESSAGE(last < 0.5 * first, first, " ", last);
  }
}
