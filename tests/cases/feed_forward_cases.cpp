#include "autograd/ops/feed_forward.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/unary.h"
#include "tests/cases/case.h"

namespace ito::checks {

ITO_CASES(feed_forward) {
  struct Sizes {
    Shape x;
    int64_t hidden, out;
    const char* why;
  };
  const auto f = [](const Tensors& in) { return feed_forward_gelu(in[0], in[1], in[2], in[3], in[4]); };
  const auto inputs = [](const Sizes& c) {
    const int64_t in = c.x.back();
    return Tensors{normal_values(c.x), normal_values({c.hidden, in}, 0, 0.5, 2), normal_values({c.hidden}, 0, 1, 3),
                   normal_values({c.out, c.hidden}, 0, 0.5, 4), normal_values({c.out}, 0, 1, 5)};
  };
  for (const Sizes& c : {Sizes{{2, 3, 4}, 8, 4, "tokens"}, Sizes{{5, 3}, 7, 2, "odd sizes"}, Sizes{{1, 1}, 1, 1, "one of each"},
                         Sizes{{33, 34}, 35, 3, "past a block of pairs"}, Sizes{{130, 5}, 513, 2, "past a task's rows and columns"},
                         Sizes{{0, 3}, 4, 2, "no rows"}, Sizes{{3, 0}, 4, 2, "no channels"}, Sizes{{3, 2}, 0, 2, "no hidden units"}})
    cases.push_back({.inputs = inputs(c),
                     .f = f,
                     .why = c.why,
                     .composed = [](const Tensors& in) { return linear(gelu(linear(in[0], in[1], in[2])), in[3], in[4]); },
                     .tolerance = 1e-4});
  cases.push_back({.inputs = {normal_values({2, 5}, 0, 1, 2), normal_values({2}, 0, 1, 3)},
                   .f =
                       [](const Tensors& in) {
                         const auto constant = [&](const Shape& shape) { return normal_values(shape).to(in[0].dtype()).to(in[0].device()); };
                         return feed_forward_gelu(constant({3, 4}), constant({5, 4}), constant({5}), in[0], in[1]);
                       },
                   .why = "nothing before the second matmul needs a gradient: no slopes are kept",
                   .tolerance = 1e-4});
}

}  // namespace ito::checks
