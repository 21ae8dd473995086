#include "autograd/ops/arithmetic.h"
#include "autograd/ops/bias_activation.h"
#include "autograd/ops/unary.h"
#include "tests/cases/case.h"

namespace ito::checks {

ITO_CASES(bias_activation) {
  struct Fused {
    Tensor (*f)(const Tensor&, const Tensor&);
    Tensor (*alone)(const Tensor&);
  };
  for (const Fused& op : {Fused{&bias_relu, &relu}, {&bias_silu, &silu}, {&bias_gelu, &gelu}, {&bias_tanh, &tanh}, {&bias_sigmoid, &sigmoid}}) {
    const auto f = [op](const Tensors& in) { return op.f(in[0], in[1]); };
    const auto composed = [op](const Tensors& in) { return op.alone(in[0] + in[1]); };
    for (const int64_t cols : {1, 7, 8, 12, 33})  // packs of 16 bytes divide some of them, in some types
      cases.push_back({.inputs = {uniform_values({3, 2, cols}, 0.1, 2), uniform_values({cols}, 0.05, 1, 2)}, .f = f, .composed = composed});
    cases.push_back(
        {.inputs = {uniform_values({2, 5, 16}, -3, -1.2), uniform_values({16}, 0, 1, 2)}, .f = f, .why = "negative", .composed = composed});
  }
  const auto silu_of = [](const Tensors& in) { return bias_silu(in[0], in[1]); };
  cases.push_back({.inputs = {normal_values({0, 5}), normal_values({5}, 0, 1, 2)}, .f = silu_of, .why = "no rows"});
  cases.push_back({.inputs = {normal_values({3, 0}), normal_values({0}, 0, 1, 2)}, .f = silu_of, .why = "no columns"});
  cases.push_back({.inputs = {normal_values({300, 40}), normal_values({40}, 0, 1, 2)}, .f = silu_of, .why = "several blocks of rows"});
  cases.push_back({.inputs = {normal_values({4, 8}), normal_values({12}, 0, 1, 2)},
                   .f = [](const Tensors& in) { return bias_silu(in[0].detach(), in[1].rows(1, 9)); },
                   .why = "a bias that begins inside of a tensor: packs must not be read there",
                   .gradients = false});
}

}  // namespace ito::checks
