#include "autograd/ops/arithmetic.h"
#include "autograd/ops/matmul.h"
#include "tests/cases/case.h"

namespace ito::checks {

ITO_CASES(matmul) {
  // Around the tile (14 x 32 for f32 with AVX-512), the k block (256) and the row block (112).
  const std::vector<std::vector<int64_t>> sizes{{1, 1, 1},    {14, 32, 3}, {15, 33, 257}, {13, 31, 255},
                                                {113, 5, 17}, {2, 65, 40}, {3, 0, 4},     {3, 4, 0}};
  for (const auto& size : sizes)
    for (const bool ta : {false, true})
      for (const bool tb : {false, true}) {
        const int64_t m = size[0], n = size[1], k = size[2];
        cases.push_back({.inputs = {normal_values(ta ? Shape{k, m} : Shape{m, k}, 0, 1, 1), normal_values(tb ? Shape{n, k} : Shape{k, n}, 0, 1, 2)},
                         .f = [=](const Tensors& in) {
                           return matmul(in[0], in[1], {ta, tb});
                         }});
      }
  const auto plain = [](const Tensors& in) { return matmul(in[0], in[1]); };
  cases.push_back({.inputs = {normal_values({2, 3, 4, 5}), normal_values({3, 5, 2})}, .f = plain, .why = "leading axes broadcast"});
  cases.push_back({.inputs = {normal_values({2, 1, 4, 5}), normal_values({1, 3, 5, 2})}, .f = plain, .why = "both sides stretch"});
  cases.push_back({.inputs = {normal_values({4100, 3}), normal_values({4100, 5})},
                   .f = [](const Tensors& in) { return matmul(in[0], in[1], {.transpose_a = true}); },
                   .why = "long k, cut in parts",
                   .tolerance = 1e-4});
}

ITO_CASES(linear) {
  const auto f = [](const Tensors& in) { return linear(in[0], in[1], in[2]); };
  const auto composed = [](const Tensors& in) { return matmul(in[0], in[1], {.transpose_b = true}) + in[2]; };
  for (const int64_t rows : {1, 14, 33})
    cases.push_back(
        {.inputs = {normal_values({rows, 7}), normal_values({35, 7}, 0, 1, 2), normal_values({35}, 0, 1, 3)}, .f = f, .composed = composed});
  cases.push_back(
      {.inputs = {normal_values({2, 3, 4}), normal_values({5, 4}, 0, 1, 2), normal_values({5})}, .f = f, .why = "tokens", .composed = composed});
  cases.push_back({.inputs = {normal_values({3, 4}), normal_values({5, 4}, 0, 1, 2)},
                   .f = [](const Tensors& in) { return linear(in[0], in[1]); },
                   .why = "no bias"});
}

}  // namespace ito::checks
