#include "autograd/ops/arithmetic.h"
#include "autograd/ops/loss.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/softmax.h"
#include "autograd/ops/unary.h"
#include "tests/cases/case.h"

namespace ito::checks {

ITO_CASES(mse_loss) {
  for (const Shape& shape : {Shape{1}, Shape{3, 5}, Shape{255}, Shape{257}, Shape{2048}, Shape{2049}, Shape{20000}})
    cases.push_back({.inputs = {normal_values(shape), normal_values(shape, 0, 1, 2)},
                     .f = [](const Tensors& in) { return mse_loss(in[0], in[1]); },
                     .composed = [](const Tensors& in) { return mean(square(in[0] - in[1])); }});
}

ITO_CASES(cross_entropy) {
  for (const Shape& shape : {Shape{1, 1}, Shape{4, 10}, Shape{9, 64}, Shape{300, 17}, Shape{2, 1025}, Shape{2100, 3}})
    cases.push_back({.inputs = {normal_values(shape, 0, 3), index_values({shape[0]}, shape[1])},
                     .f = [](const Tensors& in) { return cross_entropy(in[0], in[1]); },
                     .tolerance = 1e-4});
  cases.push_back({.inputs = {normal_values({3, 5}, 0, 300), index_values({3}, 5)},
                   .f = [](const Tensors& in) { return cross_entropy(in[0], in[1]); },
                   .why = "logits whose exponentials overflow",
                   .tolerance = 1e-4});
}

}  // namespace ito::checks
