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
  // Around the device's tiles (32, 64 and 128 results, 8 and 16 deep), which of them runs depending on the number of multiprocessors; in packs of
  // 16 bytes and without.
  for (const auto& size : std::vector<std::vector<int64_t>>{{33, 31, 9}, {136, 128, 24}, {129, 130, 17}})
    for (const bool ta : {false, true})
      for (const bool tb : {false, true}) {
        const int64_t m = size[0], n = size[1], k = size[2];
        if (m == 129 && ta != tb) continue;
        cases.push_back({.inputs = {normal_values(ta ? Shape{k, m} : Shape{m, k}, 0, 1, 1), normal_values(tb ? Shape{n, k} : Shape{k, n}, 0, 1, 2)},
                         .f =
                             [=](const Tensors& in) {
                               return matmul(in[0], in[1], {ta, tb});
                             },
                         .why = "the device's tiles",
                         .gradients = false});
      }
  const auto plain = [](const Tensors& in) { return matmul(in[0], in[1]); };
  for (const bool ta : {false, true})
    for (const bool tb : {false, true})
      cases.push_back(
          {.inputs = {normal_values(ta ? Shape{16, 16, 72} : Shape{16, 72, 16}), normal_values(tb ? Shape{16, 72, 16} : Shape{16, 16, 72}, 0, 1, 2)},
           .f =
               [=](const Tensors& in) {
                 return matmul(in[0], in[1], {ta, tb});
               },
           .why = "enough matrices for the device's largest tile",
           .gradients = false});
  cases.push_back({.inputs = {normal_values({16, 34, 9}), normal_values({16, 9, 35}, 0, 1, 2)},
                   .f = plain,
                   .why = "enough matrices for the device's middle tile",
                   .gradients = false});
  cases.push_back({.inputs = {normal_values({2, 3, 4, 5}), normal_values({3, 5, 2})}, .f = plain, .why = "leading axes broadcast"});
  cases.push_back({.inputs = {normal_values({2, 1, 4, 5}), normal_values({1, 3, 5, 2})}, .f = plain, .why = "both sides stretch"});
  cases.push_back({.inputs = {normal_values({2, 1, 3, 2, 3}), normal_values({2, 3, 3, 4}, 0, 1, 2)},
                   .f = plain,
                   .why = "matrices that no single run of indices covers"});
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
  cases.push_back({.inputs = {normal_values({3, 0}), normal_values({5, 0}, 0, 1, 2), normal_values({5}, 0, 1, 3)},
                   .f = f,
                   .why = "no channels: the bias alone",
                   .composed = composed});
}

}  // namespace ito::checks
