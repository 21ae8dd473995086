#include <cmath>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/reduce.h"
#include "tests/cases/case.h"

namespace ito::checks {

namespace {
// Shapes that meet every path: equal, a scalar, stretched in front, in the middle, at the end, on both sides, long rows, nothing at all.
const std::vector<std::pair<Shape, Shape>> shapes{{{7}, {7}},  {{3, 5}, {}},       {{2, 3, 4}, {4}},     {{2, 3, 4}, {3, 1}}, {{2, 1, 4}, {1, 3, 1}},
                                                  {{33}, {1}}, {{1, 257}, {5, 1}}, {{2, 17000}, {2, 1}}, {{0, 3}, {3}},       {{}, {}}};

template <class F>
void add_shapes(std::vector<Case>& cases, F f, double low, double high) {
  for (const auto& [a, b] : shapes) cases.push_back({.inputs = {uniform_values(a, low, high, 1), uniform_values(b, low, high, 2)}, .f = f});
}

const double inf = INFINITY, nan = NAN;
Case special(Tensor (*f)(const Tensor&, const Tensor&)) {
  return {.inputs = {Tensor::from<double>({inf, -inf, nan, 1, 0, inf}), Tensor::from<double>({1, 1, 1, nan, 0, inf})},
          .f = [f](const Tensors& in) { return f(in[0], in[1]); },
          .why = "infinities and NaN",
          .gradients = false};
}
}  // namespace

ITO_CASES(add) {
  add_shapes(
      cases, [](const Tensors& in) { return in[0] + in[1]; }, -2, 2);
  cases.push_back(special(&add));
}
ITO_CASES(sub) {
  add_shapes(
      cases, [](const Tensors& in) { return in[0] - in[1]; }, -2, 2);
  cases.push_back(special(&sub));
}
ITO_CASES(mul) {
  add_shapes(
      cases, [](const Tensors& in) { return in[0] * in[1]; }, -2, 2);
  cases.push_back(special(&mul));
}
ITO_CASES(div) {
  add_shapes(
      cases, [](const Tensors& in) { return in[0] / in[1]; }, 0.5, 2);
  cases.push_back(special(&div));
}
ITO_CASES(pow) {
  add_shapes(
      cases, [](const Tensors& in) { return pow(in[0], in[1]); }, 0.5, 2);
  cases.push_back(
      {.inputs = {Tensor::from<double>({-2, -1, 0.5, 3})}, .f = [](const Tensors& in) { return pow(in[0], 3.0); }, .why = "negative base"});
}
ITO_CASES(maximum) {
  add_shapes(
      cases, [](const Tensors& in) { return maximum(in[0], in[1]); }, -2, 2);
  cases.push_back(special(&maximum));
}
ITO_CASES(minimum) {
  add_shapes(
      cases, [](const Tensors& in) { return minimum(in[0], in[1]); }, -2, 2);
  cases.push_back(special(&minimum));
}
ITO_CASES(broadcast_to) {
  cases.push_back({.inputs = {normal_values({3, 1})}, .f = [](const Tensors& in) { return broadcast_to(in[0], {2, 3, 4}); }});
  cases.push_back({.inputs = {normal_values({})}, .f = [](const Tensors& in) { return broadcast_to(in[0], {2, 0}); }, .why = "to nothing"});
}

}  // namespace ito::checks
