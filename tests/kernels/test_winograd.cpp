// Winograd's convolutions against the definition in f64: the error is a few units of f32's rounding times what the filtering amplifies it by.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "autograd/graph.h"
#include "autograd/ops/conv2d.h"
#include "tests/cases/check.h"

using namespace ito;

namespace {

// y, dx and dw of a 3x3 convolution, in the type of x.
Tensors convolved(const Tensor& x, const Tensor& w, const Tensor& dy) {
  const Tensor vx = variable(x), vw = variable(w), y = conv2d(vx, vw, {}, {.padding = 1});
  const Tensors gradients = grad(y, {vx, vw}, {.grad_output = dy});
  return {y.detach(), gradients[0], gradients[1]};
}

// max |got - expected| over the root mean square of what is expected.
double relative_error(const Tensor& got, const Tensor& expected) {
  const Tensor g = got.to(DType::f64);
  double largest = 0, squares = 0;
  for (int64_t i = 0; i < g.numel(); ++i) {
    largest = std::max(largest, std::abs(g.data<double>()[i] - expected.data<double>()[i]));
    squares += expected.data<double>()[i] * expected.data<double>()[i];
  }
  return largest / std::sqrt(squares / double(g.numel()));
}

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("Winograd's results and gradients stay within 2e-5 of the typical value, for few and for many channels, and for many tiles") {
    struct Size {
      int64_t batch, height, width, in, out;
    };
    for (const Size& s : {Size{2, 14, 10, 16, 64}, Size{2, 14, 10, 64, 64}, Size{2, 14, 10, 192, 64}, Size{2, 14, 10, 320, 64},
                          Size{17, 31, 33, 16, 20}, Size{18, 30, 32, 100, 80}}) {
      const Shape shape{s.batch, s.height, s.width, s.in}, result{s.batch, s.height, s.width, s.out};
      const Tensor x = checks::normal_values(shape), w = checks::normal_values({s.out, 3, 3, s.in}, 0, 1, 2),
                   dy = checks::normal_values(result, 0, 1, 3);
      Tensors expected, got;
      {
        const checks::Pinned pin("implicit");
        expected = convolved(x, w, dy);
      }
      {
        const checks::Pinned pin("winograd");
        got = convolved(x.to(DType::f32), w.to(DType::f32), dy.to(DType::f32));
      }
      for (size_t k = 0; k < got.size(); ++k) {
        INFO(s.batch, " images of ", s.in, " channels, ", k == 0 ? "y" : k == 1 ? "dx" : "dw");
        const double error = relative_error(got[k], expected[k]);
        CHECK(error < 2e-5);
        CHECK(error > 1e-8);  // it is not the definition that ran
      }
    }
  }
}
