#include "autograd/ops/arithmetic.h"
#include "autograd/ops/concat.h"
#include "autograd/ops/norm.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/unary.h"
#include "tests/cases/case.h"

namespace ito::checks {

namespace {
Tensors with_affine(const Shape& x, double mean = 0, double deviation = 1) {
  const Shape c{x.back()};
  return {normal_values(x, mean, deviation), normal_values(c, 1, 0.3, 2), normal_values(c, 0, 0.5, 3)};
}

// The textbook's form over the given axes.
Tensor standardised(const Tensor& x, const std::vector<int>& axes) { return (x - mean(x, {axes, true})) / sqrt(variance(x, {axes, true}) + 1e-5); }
}  // namespace

ITO_CASES(group_norm) {
  struct Sizes {
    Shape x;
    int64_t groups;
    const char* why;
  };
  for (const Sizes& c :
       {Sizes{{2, 3, 3, 8}, 4, "the usual"}, Sizes{{9, 2, 2, 33}, 3, "many images, channels past a vector"},
        Sizes{{1, 5, 40}, 5, "few images: groups in parallel"}, Sizes{{2, 1, 4}, 1, "one group"}, Sizes{{2, 4, 6}, 6, "a channel each"},
        Sizes{{0, 4, 6}, 2, "no images"}, Sizes{{2, 70, 66}, 2, "many pixels"}, Sizes{{1, 130, 64}, 4, "whole packs, a block a group"},
        Sizes{{1, 70, 128}, 1, "one large group"}, Sizes{{2, 5, 1}, 1, "one channel"}, Sizes{{2, 17, 51}, 3, "groups that are no whole vectors"},
        Sizes{{3, 1, 8}, 4, "one pixel"}})
    for (const bool fused_silu : {false, true}) {
      const auto f = fused_silu ? &group_norm_silu : &group_norm;
      cases.push_back({.inputs = with_affine(c.x),
                       .f = [f, groups = c.groups](const Tensors& in) { return f(in[0], in[1], in[2], {groups}); },
                       .why = c.why,
                       .tolerance = 1e-4});
    }
  cases.push_back({.inputs = with_affine({3, 4, 8}, 100, 0.5),
                   .f = [](const Tensors& in) { return group_norm(in[0], in[1], in[2], {2}); },
                   .why = "mean far larger than deviation: E[x^2] - E[x]^2 would have no digits left",
                   .tolerance = 2e-3,  // x itself is rounded to 4e-6, 1e-5 of its deviation, and n is multiplied by the gradient's terms
                   .gradients = true,
                   .gradient_tolerance = 1e-5});
  cases.push_back({.inputs = with_affine({1, 600, 144}),
                   .f = [](const Tensors& in) { return group_norm_silu(in[0], in[1], in[2], {9}); },
                   .why = "an image in several parts",
                   .tolerance = 1e-4,
                   .gradient_tolerance = 1e-4});
  cases.push_back(
      {.inputs = {normal_values({2, 5, 6})}, .f = [](const Tensors& in) { return group_norm_silu(in[0], {}, {}, {3}); }, .why = "no affine"});
}

ITO_CASES(layer_norm) {
  for (const int64_t cols : {2, 15, 16, 17, 33, 257, 1028})
    cases.push_back({.inputs = with_affine({3, cols}),
                     .f = [](const Tensors& in) { return layer_norm(in[0], in[1], in[2]); },
                     .composed = [](const Tensors& in) { return standardised(in[0], {-1}) * in[1] + in[2]; },
                     .tolerance = 1e-4});
  for (const int64_t cols : {7, 70})
    cases.push_back({.inputs = with_affine({4, cols}, 100, 0.5),
                     .f = [](const Tensors& in) { return layer_norm(in[0], in[1], in[2]); },
                     .why = "mean far larger than deviation",
                     .tolerance = 2e-3,  // as above
                     .gradient_tolerance = 1e-5});
  cases.push_back({.inputs = {concat({Tensor::full({3, 1}, 500, DType::f64), normal_values({3, 60})}, 1)},
                   .f = [](const Tensors& in) { return layer_norm(in[0]); },
                   .why = "the first of a row far from the others",
                   .gradients = false});
  cases.push_back({.inputs = {concat({Tensor::full({1, 1, 4}, 500, DType::f64), normal_values({1, 400, 4})}, 1)},
                   .f = [](const Tensors& in) { return group_norm(in[0], {}, {}, {2}); },
                   .why = "the first pixel far from the others",
                   .gradients = false});
  cases.push_back({.inputs = with_affine({300, 40}),
                   .f = [](const Tensors& in) { return layer_norm(in[0], in[1], in[2]); },
                   .why = "several blocks of rows",
                   .tolerance = 1e-4});
  cases.push_back({.inputs = with_affine({3, 1}), .f = [](const Tensors& in) { return layer_norm(in[0], in[1], in[2]); }, .why = "one channel"});
  cases.push_back({.inputs = with_affine({0, 5}), .f = [](const Tensors& in) { return layer_norm(in[0], in[1], in[2]); }, .why = "no rows"});
  cases.push_back({.inputs = {Tensor::full({2, 7}, 3, DType::f64)},
                   .f = [](const Tensors& in) { return layer_norm(in[0]); },
                   .why = "constant rows: only eps is left",
                   .gradients = false});
}

ITO_CASES(batch_norm) {
  for (const Shape& x : {Shape{6, 3}, Shape{2, 3, 4, 5}, Shape{40, 35}, Shape{130, 36}, Shape{300, 3}})
    cases.push_back({.inputs = with_affine(x),
                     .f = [](const Tensors& in) { return batch_norm(in[0], in[1], in[2]); },
                     .composed =
                         [](const Tensors& in) {
                           std::vector<int> axes;
                           for (int i = 0; i + 1 < in[0].rank(); ++i) axes.push_back(i);
                           return standardised(in[0], axes) * in[1] + in[2];
                         },
                     .tolerance = 1e-4});
  cases.push_back({.inputs = {normal_values({4, 3}), normal_values({3}, 0, 1, 2), uniform_values({3}, 0.5, 2, 3)},
                   .f = [](const Tensors& in) { return batch_norm_inference(in[0], in[1], in[2]); },
                   .why = "given statistics"});
}

}  // namespace ito::checks
