#include <cmath>

#include "autograd/ops/compare.h"
#include "tests/cases/case.h"

namespace ito::checks {

ITO_CASES(compare) {
  for (const auto f : {&equal, &not_equal, &less, &less_equal, &greater, &greater_equal}) {
    cases.push_back({.inputs = {Tensor::from<double>({1, 2, NAN, INFINITY, -1, 3}, {2, 3}), Tensor::from<double>({1, 5, NAN})},
                     .f = [f](const Tensors& in) { return f(in[0], in[1]); },
                     .why = "NaN, infinity, equals",
                     .gradients = false});
    for (const DType dtype : {DType::i64, DType::i32, DType::u8, DType::boolean})
      cases.push_back({.inputs = {index_values({300, 70}, 4).to(dtype), index_values({300, 1}, 4, 2).to(dtype)},
                       .f = [f](const Tensors& in) { return f(in[0], in[1]); },
                       .why = text(name_of(dtype)),
                       .gradients = false});
  }
}

ITO_CASES(where) {
  cases.push_back({.inputs = {mask_values({3, 4}, 0.5), normal_values({3, 4}), normal_values({4}, 0, 1, 2)},
                   .f = [](const Tensors& in) { return where(in[0], in[1], in[2]); }});
  cases.push_back({.inputs = {mask_values({5, 1}, 0.5), normal_values({1}), normal_values({5, 6}, 0, 1, 2)},
                   .f = [](const Tensors& in) { return where(in[0], in[1], in[2]); },
                   .why = "all three broadcast"});
}

ITO_CASES(cast) {
  cases.push_back({.inputs = {normal_values({3, 5})}, .f = [](const Tensors& in) { return cast(cast(in[0], DType::f64), in[0].dtype()); }});
  for (const DType dtype : {DType::f32, DType::bf16, DType::i64, DType::i32, DType::u8, DType::boolean})
    cases.push_back({.inputs = {index_values({200, 100}, 200).to(dtype)},
                     .f = [](const Tensors& in) { return cast(in[0], DType::f64); },
                     .why = text("from ", name_of(dtype)),
                     .gradients = false});
  for (const DType dtype : {DType::i64, DType::i32, DType::u8, DType::boolean})
    cases.push_back({.inputs = {uniform_values({7}, 1, 200)},
                     .f = [dtype](const Tensors& in) { return cast(cast(in[0], dtype), in[0].dtype()); },
                     .why = text("to ", name_of(dtype)),
                     .gradients = false});
}

ITO_CASES(fill) {
  for (const DType dtype : {DType::f32, DType::f64, DType::bf16, DType::i64, DType::i32, DType::u8, DType::boolean})
    cases.push_back({.inputs = {},
                     .f =
                         [dtype](const Tensors&) {
                           return Tensor::full({70, 1000}, 3, dtype);
                         },
                     .why = text(name_of(dtype)),
                     .gradients = false});
}

}  // namespace ito::checks
