#include <cmath>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/unary.h"
#include "tests/cases/case.h"

namespace ito::checks {

namespace {
// Every element type of length around the vector widths, values in [low, high], and the special values with no gradients asked.
void add_function(std::vector<Case>& cases, Tensor (*f)(const Tensor&), double low, double high, bool specials = true) {
  const auto call = [f](const Tensors& in) { return f(in[0]); };
  for (const int64_t n : {1, 15, 16, 17, 31, 33, 257}) cases.push_back({.inputs = {uniform_values({n}, low, high)}, .f = call});
  cases.push_back({.inputs = {uniform_values({3, 9000}, low, high)}, .f = call, .why = "several blocks"});
  cases.push_back({.inputs = {uniform_values({0, 4}, low, high)}, .f = call, .why = "empty"});
  if (specials)
    cases.push_back({.inputs = {Tensor::from<double>({0.0, -0.0, INFINITY, -INFINITY, NAN, 1000, -1000, 88, -88, 1e-30, -1e-30, 1, -1})},
                     .f = call,
                     .why = "special values",
                     .gradients = false});
}

// Arguments as a SIREN has them, and beyond what the fast sine is made for.
void add_waves(std::vector<Case>& cases, Tensor (*f)(const Tensor&)) {
  const auto call = [f](const Tensors& in) { return f(in[0]); };
  cases.push_back({.inputs = {uniform_values({20000}, -400, 400)}, .f = call, .why = "hundreds", .gradient_tolerance = 1e-4});
  cases.push_back(
      {.inputs = {Tensor::from<double>({8191, 8193, -6.7e7, 1e8, -3e9, 1e20, 3e38, 0.5, 1})}, .f = call, .why = "huge", .gradients = false});
}
}  // namespace

ITO_CASES(neg) { add_function(cases, &neg, -3, 3); }
ITO_CASES(abs) { add_function(cases, &abs, 0.1, 3); }
ITO_CASES(sign) { add_function(cases, &sign, 0.1, 3); }
ITO_CASES(exp) { add_function(cases, &exp, -3, 3); }
ITO_CASES(log) { add_function(cases, &log, 0.1, 5); }
ITO_CASES(sqrt) { add_function(cases, &sqrt, 0.1, 5); }
ITO_CASES(rsqrt) { add_function(cases, &rsqrt, 0.2, 5, false); }
ITO_CASES(reciprocal) { add_function(cases, &reciprocal, 0.2, 5, false); }
ITO_CASES(square) { add_function(cases, &square, -3, 3); }
ITO_CASES(sin) { add_function(cases, &sin, -7, 7); }
ITO_CASES(cos) { add_function(cases, &cos, -7, 7); }
ITO_CASES(tanh) { add_function(cases, &tanh, -3, 3); }
ITO_CASES(erf) { add_function(cases, &erf, -3, 3); }
ITO_CASES(sigmoid) { add_function(cases, &sigmoid, -6, 6); }
ITO_CASES(softplus) { add_function(cases, &softplus, -6, 6); }
ITO_CASES(relu) { add_function(cases, &relu, 0.05, 3); }
ITO_CASES(silu) { add_function(cases, &silu, -6, 6); }
ITO_CASES(gelu) { add_function(cases, &gelu, -4, 4); }
ITO_CASES(elu) { add_function(cases, &elu, 0.05, 4); }
ITO_CASES(floor) { add_function(cases, &floor, 0.1, 0.9); }
ITO_CASES(round) { add_function(cases, &round, 0.6, 1.4); }

ITO_CASES(sin_far) { add_waves(cases, &sin); }
ITO_CASES(cos_far) { add_waves(cases, &cos); }

ITO_CASES(relu_negative) {
  cases.push_back({.inputs = {uniform_values({40}, -3, -0.05)}, .f = [](const Tensors& in) { return relu(in[0]); }, .why = "no gradient below zero"});
}
ITO_CASES(elu_negative) {
  for (const int64_t n : {17, 20000})
    cases.push_back({.inputs = {uniform_values({n}, -6, -0.05)}, .f = [](const Tensors& in) { return elu(in[0]); }, .why = "below zero"});
}
ITO_CASES(clamp) {
  const auto call = [](const Tensors& in) { return clamp(in[0], -1, 1); };
  cases.push_back({.inputs = {uniform_values({33}, -0.9, 0.9)}, .f = call, .why = "inside"});
  cases.push_back({.inputs = {uniform_values({20000}, 1.1, 3)}, .f = call, .why = "outside"});
  cases.push_back({.inputs = {Tensor::from<double>({-INFINITY, INFINITY, NAN, -1, 1})}, .f = call, .why = "special values", .gradients = false});
}

}  // namespace ito::checks
