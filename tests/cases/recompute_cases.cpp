#include "autograd/ops/arithmetic.h"
#include "autograd/ops/dropout.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/recompute.h"
#include "autograd/ops/softmax.h"
#include "autograd/ops/unary.h"
#include "tests/cases/case.h"

namespace ito::checks {

ITO_CASES(recompute) {
  const auto layers = [](const Tensors& in) { return softmax(matmul(tanh(matmul(in[0], in[1])), in[2]) * in[0]); };
  cases.push_back({.inputs = {normal_values({3, 4}), normal_values({4, 5}), normal_values({5, 4})},
                   .f = [layers](const Tensors& in) { return recomputed(layers, in); },
                   .composed = layers});
  const auto with_parameters = [](const Tensors& in) {
    return recomputed([weight = in[1]](const Tensors& x) { return tanh(matmul(x[0], weight)); }, {in[0]}, {in[1]});
  };
  cases.push_back({.inputs = {normal_values({2, 3}), normal_values({3, 3})},
                   .f = with_parameters,
                   .why = "a parameter that is not among the inputs",
                   .composed = [](const Tensors& in) { return tanh(matmul(in[0], in[1])); }});
  cases.push_back({.inputs = {normal_values({2, 3}), normal_values({3, 3})},
                   .f = [with_parameters](const Tensors& in) { return recomputed([=](const Tensors& x) { return with_parameters(x) * x[0]; }, in); },
                   .why = "one within another",
                   .composed = [](const Tensors& in) { return tanh(matmul(in[0], in[1])) * in[0]; }});
  const auto drawn = [](const Tensors& in) {
    Generator generator{.seed = 4};
    return dropout(in[0] * in[0], 0.4, generator);
  };
  cases.push_back({.inputs = {normal_values({50})},
                   .f = [drawn](const Tensors& in) { return recomputed(drawn, in); },
                   .why = "the same draw in both runs",
                   .composed = drawn});
  cases.push_back({.inputs = {normal_values({2, 3}), normal_values({7})},
                   .f = [](const Tensors& in) { return recomputed([](const Tensors& x) { return tanh(x[0]); }, in); },
                   .why = "an input that is not used",
                   .composed = [](const Tensors& in) { return tanh(in[0]); },
                   .gradients = false});
}

}  // namespace ito::checks
