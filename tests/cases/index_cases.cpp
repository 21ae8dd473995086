#include "autograd/ops/index.h"
#include "tests/cases/case.h"

namespace ito::checks {

ITO_CASES(gather) {
  cases.push_back({.inputs = {normal_values({3, 5}), index_values({3, 4}, 5)}, .f = [](const Tensors& in) { return gather(in[0], 1, in[1]); }});
  cases.push_back({.inputs = {normal_values({4, 2, 3}), index_values({6, 2, 3}, 4)},
                   .f = [](const Tensors& in) { return gather(in[0], 0, in[1]); },
                   .why = "places repeat"});
  cases.push_back({.inputs = {normal_values({6}), index_values({3}, 6)}, .f = [](const Tensors& in) { return gather(in[0], 0, in[1]); }});
  cases.push_back({.inputs = {normal_values({2, 70, 300}), index_values({2, 5, 300}, 70)},
                   .f = [](const Tensors& in) { return gather(in[0], 1, in[1]); },
                   .why = "several parts"});
  cases.push_back({.inputs = {normal_values({3, 40}), index_values({3, 16}, 40)},
                   .f = [](const Tensors& in) { return gather(in[0], 1, in[1]); },
                   .why = "packs of one column"});
  cases.push_back({.inputs = {normal_values({2, 5, 3}), index_values({2, 8, 3}, 5)},
                   .f = [](const Tensors& in) { return gather(in[0], 1, in[1]); },
                   .why = "packs over the ends of columns"});
}

ITO_CASES(scatter_add) {
  for (const int64_t extent : {1, 15, 16, 17, 33})
    cases.push_back({.inputs = {normal_values({extent}), index_values({50}, extent), normal_values({50}, 0, 1, 2)},
                     .f = [](const Tensors& in) { return scatter_add(in[0], 0, in[1], in[2]); },
                     .why = "one column"});
  cases.push_back({.inputs = {normal_values({20, 130}), index_values({9, 130}, 20), normal_values({9, 130}, 0, 1, 2)},
                   .f = [](const Tensors& in) { return scatter_add(in[0], 0, in[1], in[2]); },
                   .why = "many columns"});
  cases.push_back({.inputs = {normal_values({3, 4}), index_values({3, 7}, 4), normal_values({3, 7}, 0, 1, 2)},
                   .f = [](const Tensors& in) { return scatter_add(in[0], 1, in[1], in[2]); },
                   .why = "every place is met several times"});
}

ITO_CASES(index_select) {
  cases.push_back({.inputs = {normal_values({3, 5, 2}), index_values({7}, 5)}, .f = [](const Tensors& in) { return index_select(in[0], 1, in[1]); }});
  cases.push_back({.inputs = {normal_values({4, 2}), index_values({0}, 4)},
                   .f = [](const Tensors& in) { return index_select(in[0], 0, in[1]); },
                   .why = "nothing selected"});
  cases.push_back({.inputs = {normal_values({2, 5, 8}), index_values({6}, 5)},
                   .f = [](const Tensors& in) { return index_select(in[0], 1, in[1]); },
                   .why = "slices of whole packs"});
}

ITO_CASES(embedding) {
  cases.push_back({.inputs = {normal_values({5, 3}), index_values({2, 4}, 5)}, .f = [](const Tensors& in) { return embedding(in[0], in[1]); }});
  cases.push_back({.inputs = {normal_values({10, 600}), index_values({90}, 10)},
                   .f = [](const Tensors& in) { return embedding(in[0], in[1]); },
                   .why = "several parts"});
  for (const int64_t columns : {1, 3, 32, 33, 257})
    cases.push_back({.inputs = {normal_values({4, columns}), index_values({100}, 4)},
                     .f = [](const Tensors& in) { return embedding(in[0], in[1]); },
                     .why = "rows are met many times"});
}

}  // namespace ito::checks
