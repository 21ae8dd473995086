#include "autograd/ops/concat.h"
#include "autograd/ops/permute.h"
#include "autograd/ops/reshape.h"
#include "autograd/ops/slice.h"
#include "autograd/ops/strided.h"
#include "tests/cases/case.h"

namespace ito::checks {

namespace {
// f on integer and bool tensors, which have no gradients.
void add_other_types(std::vector<Case>& cases, const Shape& shape, const std::function<Tensor(const Tensors&)>& f) {
  for (const DType dtype : {DType::i64, DType::i32, DType::u8, DType::boolean})
    cases.push_back({.inputs = {index_values(shape, 3).to(dtype)}, .f = f, .why = text(name_of(dtype)), .gradients = false});
}
}  // namespace

ITO_CASES(reshape) {
  cases.push_back({.inputs = {normal_values({2, 6})}, .f = [](const Tensors& in) { return reshape(in[0], {3, -1, 2}); }});
  cases.push_back({.inputs = {normal_values({2, 3, 4})}, .f = [](const Tensors& in) { return squeeze(unsqueeze(flatten(in[0], 0, 1), -1), -1); }});
}

ITO_CASES(read_region) {  // its gradient is write_region
  const Region transposed{.walk = {{{33, 1}, {2, 33 * 17}, {17, 33}}}}, cut{.first = 34, .walk = {{{31, 1}, {2, 33 * 17}, {16, 33}}}};
  const Region backwards{.first = 65, .walk = {{{33, -1}, {2, 33}}}}, columns{.first = 1, .walk = {{{20, 40}, {16, 2}}}};
  for (const auto& [region, why] : {std::pair{transposed, "transposed"}, {cut, "transposed, a part"}, {backwards, "backwards"}, {columns, "steps"}})
    cases.push_back({.inputs = {normal_values({2, 17, 33})}, .f = [r = region](const Tensors& in) { return read_region(in[0], r); }, .why = why});
  cases.push_back({.inputs = {normal_values({40, 64})},
                   .f =
                       [](const Tensors& in) {
                         return read_region(in[0], {.first = 63, .walk = {{{64, -1}, {40, 64}}}});
                       },
                   .why = "transposed, backwards"});
}

ITO_CASES(permute) {
  const std::vector<std::pair<Shape, std::vector<int>>> all{
      {{3, 5}, {1, 0}}, {{2, 17, 33}, {0, 2, 1}}, {{2, 3, 4, 5}, {0, 2, 1, 3}}, {{2, 3, 4}, {2, 0, 1}}, {{65, 1, 70}, {2, 1, 0}}, {{0, 3}, {1, 0}},
      {{4}, {0}}};
  for (const auto& [shape, order] : all)
    cases.push_back({.inputs = {normal_values(shape)}, .f = [order = order](const Tensors& in) { return permute(in[0], order); }});
  cases.push_back({.inputs = {normal_values({2, 32, 64})}, .f = [](const Tensors& in) { return permute(in[0], {0, 2, 1}); }, .why = "whole tiles"});
  cases.push_back({.inputs = {normal_values({2, 3, 17, 2, 16})},
                   .f =
                       [](const Tensors& in) {
                         return permute(in[0], {1, 4, 3, 2, 0});
                       },
                   .why = "tiles in planes that are not the last two axes"});
  cases.push_back({.inputs = {normal_values({2, 3, 2, 2, 3, 2, 2, 2})},
                   .f =
                       [](const Tensors& in) {
                         return permute(in[0], {7, 6, 5, 4, 3, 2, 1, 0});
                       },
                   .why = "eight axes, none can be merged"});
  add_other_types(cases, {20, 30}, [](const Tensors& in) { return transpose(in[0], 0, 1); });
}

ITO_CASES(slice) {
  cases.push_back({.inputs = {normal_values({7, 5})}, .f = [](const Tensors& in) { return slice(in[0], 0, 2, 6); }});
  cases.push_back({.inputs = {normal_values({3, 9, 2})}, .f = [](const Tensors& in) { return slice(in[0], 1, 1, -1, 3); }, .why = "steps"});
  cases.push_back({.inputs = {normal_values({3, 9})}, .f = [](const Tensors& in) { return slice(in[0], 1, 4, 4); }, .why = "nothing left"});
  cases.push_back(
      {.inputs = {normal_values({300, 120})}, .f = [](const Tensors& in) { return slice(in[0], 1, 3, 118, 2); }, .why = "several blocks"});
  cases.push_back({.inputs = {normal_values({2, 6})}, .f = [](const Tensors& in) {
                     const Tensors parts = split(in[0], {1, 0, 2, 3}, 1);
                     return concat({parts[3], parts[0], parts[2], parts[1]}, 1);
                   }});
  add_other_types(cases, {8, 9}, [](const Tensors& in) { return slice(in[0], 1, 2, 7); });
}

ITO_CASES(flip) {
  cases.push_back({.inputs = {normal_values({4, 5})}, .f = [](const Tensors& in) { return flip(in[0], {1}); }});
  cases.push_back({.inputs = {normal_values({2, 3, 4})}, .f = [](const Tensors& in) { return flip(in[0], {0, -1}); }});
  cases.push_back({.inputs = {normal_values({3, 8})}, .f = [](const Tensors& in) { return flip(in[0], {0}); }, .why = "whole packs, backwards"});
  cases.push_back({.inputs = {normal_values({0, 3})}, .f = [](const Tensors& in) { return flip(in[0], {0}); }, .why = "empty"});
}

ITO_CASES(concat) {
  cases.push_back({.inputs = {normal_values({2, 3}), normal_values({2, 1}, 0, 1, 2), normal_values({2, 40}, 0, 1, 3)},
                   .f = [](const Tensors& in) { return concat(in, -1); }});
  cases.push_back({.inputs = {normal_values({3, 8}), normal_values({3, 4}, 0, 1, 2), normal_values({3, 2}, 0, 1, 3)},
                   .f = [](const Tensors& in) { return concat(in, 1); },
                   .why = "packs of 4, 2 and 1 elements"});
  cases.push_back({.inputs = {normal_values({2, 3}), normal_values({0, 3}), normal_values({5, 3}, 0, 1, 3)},
                   .f = [](const Tensors& in) { return concat(in, 0); },
                   .why = "one part is empty"});
  cases.push_back({.inputs = {normal_values({2, 3}), normal_values({2, 3}, 0, 1, 2)}, .f = [](const Tensors& in) { return stack(in, 1); }});
  cases.push_back({.inputs = {normal_values({2, 3})}, .f = [](const Tensors& in) { return concat({in[0], in[0]}, 0); }, .why = "one tensor twice"});
  add_other_types(cases, {4, 5}, [](const Tensors& in) { return concat({in[0], in[0]}, 1); });
}

ITO_CASES(pad) {
  cases.push_back({.inputs = {normal_values({3, 2})}, .f = [](const Tensors& in) { return pad(in[0], {{1, 0}, {2, 3}}, -1.5); }});
  cases.push_back({.inputs = {normal_values({2, 3, 3, 2})}, .f = [](const Tensors& in) { return pad(in[0], {{}, {1, 1}, {1, 1}, {}}); }});
  add_other_types(cases, {4, 5}, [](const Tensors& in) { return pad(in[0], {{1, 1}, {0, 2}}, 1); });
}

}  // namespace ito::checks
