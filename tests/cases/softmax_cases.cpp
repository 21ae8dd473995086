#include <cmath>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/softmax.h"
#include "autograd/ops/unary.h"
#include "tests/cases/case.h"

namespace ito::checks {

namespace {
void add_rows(std::vector<Case>& cases, Tensor (*f)(const Tensor&, int), Tensor (*composed)(const Tensor&)) {
  const auto last = [f](const Tensors& in) { return f(in[0], -1); };
  const auto twin = [composed](const Tensors& in) { return composed(in[0]); };
  for (const int64_t cols : {1, 2, 15, 16, 17, 31, 32, 33, 255, 257, 1024, 1025})
    cases.push_back({.inputs = {normal_values({3, cols})}, .f = last, .composed = twin});
  cases.push_back({.inputs = {normal_values({2, 5, 3})}, .f = [f](const Tensors& in) { return f(in[0], 1); }, .why = "an axis in the middle"});
  cases.push_back({.inputs = {normal_values({0, 7})}, .f = last, .why = "no rows"});
  cases.push_back({.inputs = {normal_values({900, 20})}, .f = last, .why = "several blocks of rows"});
  for (const double value : {100, 1000})  // differences at 1000 take steps of 0.01: too coarse for a gradient
    cases.push_back({.inputs = {Tensor::full({2, 64}, value, DType::f64)},
                     .f = last,
                     .why = "exp overflows unless the maximum is taken off",
                     .gradients = value < 1000});
  cases.push_back({.inputs = {normal_values({4, 96}, 0, 30)}, .f = last, .why = "one value takes all"});
  Tensor masked = Tensor::full({3, 40}, -INFINITY, DType::f64);
  masked.data<double>()[5] = 0.3;  // one value left
  masked.data<double>()[50] = 1;   // two left
  masked.data<double>()[77] = 2;   // the third row has none
  cases.push_back({.inputs = {masked}, .f = last, .why = "masked rows, one wholly", .gradients = false});
  Tensor wild = normal_values({3, 1030});
  wild.data<double>()[700] = INFINITY;    // inf - inf is NaN, and so is the sum
  wild.data<double>()[1031] = NAN;        // a row of NaN
  wild.data<double>()[2061] = -INFINITY;  // counts 0
  cases.push_back({.inputs = {wild}, .f = last, .why = "an infinity, a NaN", .gradients = false});
}
}  // namespace

ITO_CASES(softmax) {
  add_rows(cases, &softmax, [](const Tensor& x) {
    const Tensor e = exp(x - max(x, {{-1}, true}));
    return e / sum(e, {{-1}, true});
  });
}

ITO_CASES(log_softmax) {
  add_rows(cases, &log_softmax, [](const Tensor& x) { return x - logsumexp(x, {{-1}, true}); });
}

}  // namespace ito::checks
