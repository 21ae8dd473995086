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
}

ITO_CASES(scatter_add) {
  cases.push_back({.inputs = {normal_values({3, 4}), index_values({3, 7}, 4), normal_values({3, 7}, 0, 1, 2)},
                   .f = [](const Tensors& in) { return scatter_add(in[0], 1, in[1], in[2]); },
                   .why = "every place is met several times"});
}

ITO_CASES(index_select) {
  cases.push_back({.inputs = {normal_values({3, 5, 2}), index_values({7}, 5)}, .f = [](const Tensors& in) { return index_select(in[0], 1, in[1]); }});
  cases.push_back({.inputs = {normal_values({4, 2}), index_values({0}, 4)},
                   .f = [](const Tensors& in) { return index_select(in[0], 0, in[1]); },
                   .why = "nothing selected"});
}

ITO_CASES(embedding) {
  cases.push_back({.inputs = {normal_values({5, 3}), index_values({2, 4}, 5)}, .f = [](const Tensors& in) { return embedding(in[0], in[1]); }});
  cases.push_back({.inputs = {normal_values({10, 600}), index_values({90}, 10)},
                   .f = [](const Tensors& in) { return embedding(in[0], in[1]); },
                   .why = "several parts"});
}

}  // namespace ito::checks
