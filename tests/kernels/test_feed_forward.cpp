// A matmul with an activation beside it, for the activations that no op asks for: every variant against the definition, with slopes and without.
#include <doctest/doctest.h>

#include "kernels/feed_forward/feed_forward.h"
#include "tests/cases/case.h"

using namespace ito;
using namespace ito::kernels;
using ito::checks::normal_values;

namespace {

double largest_difference(const Tensor& a, const Tensor& b) {
  const Tensor x = a.to(DType::f64), y = b.to(DType::f64);
  double worst = 0;
  for (int64_t i = 0; i < x.numel(); ++i) worst = std::max(worst, std::abs(x.data<double>()[i] - y.data<double>()[i]));
  return worst;
}

template <class T>
void compare(UnaryKind f, const char* variant, double tolerance) {
  CAPTURE(int(f));
  CAPTURE(variant);
  constexpr int64_t rows = 37, in = 40, hidden = 45;
  const auto typed = [](const Tensor& x) { return x.to(dtype_of<T>::value); };
  const Tensor x = typed(normal_values({rows, in}, 0, 0.3)), up = typed(normal_values({hidden, in}, 0, 0.3, 2)),
               bias = typed(normal_values({hidden}, 0, 1, 3));
  const auto run = [&](const char* name, const Tensor& y, T* slope) {
    FeedForwardUp<T>::named(Device::cpu, name)(f, x.data<T>(), up.data<T>(), bias.data<T>(), y.data<T>(), slope, rows, in, hidden);
  };
  const Tensor y = Tensor::empty({rows, hidden}, x.dtype()), slope = Tensor::empty_like(y), alone = Tensor::empty_like(y),
               expected = Tensor::empty_like(y), expected_slope = Tensor::empty_like(y);
  run("reference", expected, expected_slope.data<T>());
  run(variant, y, slope.data<T>());
  run(variant, alone, nullptr);
  CHECK(largest_difference(y, expected) <= tolerance);
  CHECK(largest_difference(alone, expected) <= tolerance);
  CHECK(largest_difference(slope, expected_slope) <= tolerance);
}

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("a matmul with any activation is the matmul and then the activation") {
    for (const UnaryKind f : {UnaryKind::relu, UnaryKind::silu, UnaryKind::gelu, UnaryKind::tanh, UnaryKind::sigmoid}) {
      compare<double>(f, "apart", 1e-12);
      for (const char* variant : {"apart", "pairs"}) {
        compare<float>(f, variant, 1e-5);
        compare<bfloat16>(f, variant, 5e-2);
      }
    }
  }
}
