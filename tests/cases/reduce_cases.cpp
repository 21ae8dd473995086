#include <cmath>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/unary.h"
#include "tests/cases/case.h"

namespace ito::checks {

namespace {
// Every pattern of kept and reduced axes, with and without keepdim, lengths around the lanes, chunks and parts of the fast sums.
void add_patterns(std::vector<Case>& cases, Tensor (*f)(const Tensor&, const ReduceOptions&)) {
  const std::vector<std::pair<Shape, ReduceOptions>> patterns{{{5}, {}},
                                                              {{3, 33}, {{-1}}},
                                                              {{33, 3}, {{0}, true}},
                                                              {{2, 65, 3}, {{1}}},
                                                              {{4, 3, 2, 5}, {{0, 2}, true}},
                                                              {{2, 3, 4}, {{0, 1, 2}}},
                                                              {{1, 1}, {{0}}},
                                                              {{257}, {{0}, true}},
                                                              {{2, 1025}, {{1}}},
                                                              {{300, 2}, {{0}}},
                                                              {{150, 33}, {{0}}},
                                                              {{4200}, {{0}}},
                                                              {{3, 2, 17, 2}, {{1, 3}}},
                                                              {{}, {}}};
  for (const auto& pattern : patterns)
    cases.push_back({.inputs = {normal_values(pattern.first)}, .f = [f, options = pattern.second](const Tensors& in) { return f(in[0], options); }});
}

void add_special(std::vector<Case>& cases, Tensor (*f)(const Tensor&, const ReduceOptions&)) {
  cases.push_back({.inputs = {Tensor::from<double>({1, NAN, 2, -INFINITY, -INFINITY, -INFINITY, INFINITY, 0, 1, 1000, 1000, -1000}, {4, 3})},
                   .f = [f](const Tensors& in) { return f(in[0], {{1}}); },
                   .why = "NaN, infinities, +-1000",
                   .gradients = false});
}
}  // namespace

ITO_CASES(sum) {
  add_patterns(cases, &sum);
  add_special(cases, &sum);
  cases.push_back({.inputs = {normal_values({3, 0})}, .f = [](const Tensors& in) { return sum(in[0], {{1}}); }, .why = "of nothing: 0"});
  cases.push_back({.inputs = {normal_values({2, 40000})}, .f = [](const Tensors& in) { return sum(in[0]); }, .why = "many chunks"});
}
ITO_CASES(mean) {
  add_patterns(cases, &mean);
  add_special(cases, &mean);
}
ITO_CASES(max) {
  add_patterns(cases, &max);
  add_special(cases, &max);
}
ITO_CASES(min) {
  add_patterns(cases, &min);
  add_special(cases, &min);
}
ITO_CASES(variance) {
  add_patterns(cases, &variance);
  cases.push_back({.inputs = {normal_values({4, 257}, 100, 1)},
                   .f = [](const Tensors& in) { return variance(in[0], {{1}}); },
                   .why = "a mean a hundred deviations away: E[x^2] - E[x]^2 would lose it"});
}
ITO_CASES(logsumexp) {
  add_patterns(cases, &logsumexp);
  add_special(cases, &logsumexp);
}
ITO_CASES(argmax) {
  const auto last = [](const Tensors& in) { return argmax(in[0], -1); };
  cases.push_back({.inputs = {normal_values({7, 33})}, .f = last, .gradients = false});
  cases.push_back({.inputs = {normal_values({33, 7})}, .f = [](const Tensors& in) { return argmax(in[0], 0); }, .gradients = false});
  cases.push_back({.inputs = {index_values({9, 65}, 4).to(DType::f64)}, .f = last, .why = "equal ones in every lane", .gradients = false});
  cases.push_back({.inputs = {Tensor::from<double>({1, 3, 3, 2, NAN, 5, -INFINITY, -INFINITY, -INFINITY}, {3, 3})},
                   .f = last,
                   .why = "ties, NaN, infinities",
                   .gradients = false});
}
ITO_CASES(sum_to_shape) {
  cases.push_back({.inputs = {normal_values({2, 3, 4})}, .f = [](const Tensors& in) { return sum_to_shape(in[0], {3, 1}); }});
  cases.push_back({.inputs = {normal_values({2, 3, 4})}, .f = [](const Tensors& in) { return sum_to_shape(in[0], {}); }});
}

}  // namespace ito::checks
