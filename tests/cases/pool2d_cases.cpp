#include <cmath>

#include "autograd/ops/concat.h"
#include "autograd/ops/pool2d.h"
#include "tests/cases/case.h"

namespace ito::checks {

namespace {
const std::vector<std::pair<Shape, Pool2dOptions>> pools{{{2, 4, 6, 3}, {}},
                                                         {{1, 7, 5, 2}, {.kernel = 3, .stride = 2, .padding = 1}},
                                                         {{1, 5, 5, 2}, {.kernel = 2, .stride = 3}},
                                                         {{1, 4, 4, 1}, {.kernel = 3, .stride = 1, .padding = 1}},
                                                         {{0, 4, 4, 2}, {}},
                                                         {{2, 5, 4, 8}, {.kernel = 3, .stride = 2, .padding = 1}},
                                                         {{3, 28, 28, 17}, {}}};
}

ITO_CASES(avg_pool2d) {
  for (const auto& [shape, o] : pools)
    cases.push_back({.inputs = {normal_values(shape)}, .f = [o = o](const Tensors& in) { return avg_pool2d(in[0], o); }});
}

ITO_CASES(max_pool2d) {
  for (const auto& [shape, o] : pools)
    cases.push_back({.inputs = {normal_values(shape)}, .f = [o = o](const Tensors& in) { return max_pool2d(in[0], o); }});
  for (const int64_t channels : {1, 2})
    cases.push_back({.inputs = {Tensor::from<double>({NAN, 1, -INFINITY, -INFINITY, 2, NAN, -INFINITY, -INFINITY}, {1, 2, 4, 1})},
                     .f = [channels](const Tensors& in) { return max_pool2d(concat(Tensors(size_t(channels), in[0]), 3)); },
                     .why = "a NaN is the largest, the first of two; nothing but -inf",
                     .gradients = false});
  cases.push_back({.inputs = {Tensor::full({1, 4, 4, 2}, 2, DType::f64)},
                   .f = [](const Tensors& in) { return max_pool2d(in[0]); },
                   .why = "ties",
                   .gradients = false});
}

ITO_CASES(upsample_nearest) {
  cases.push_back({.inputs = {normal_values({2, 3, 2, 5})}, .f = [](const Tensors& in) { return upsample_nearest(in[0], 2); }});
  cases.push_back({.inputs = {normal_values({1, 2, 2, 1})}, .f = [](const Tensors& in) { return upsample_nearest(in[0], 3); }});
  cases.push_back({.inputs = {normal_values({1, 2, 3, 8})}, .f = [](const Tensors& in) { return upsample_nearest(in[0], 2); }, .why = "packs"});
}

}  // namespace ito::checks
