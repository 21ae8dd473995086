#include "autograd/ops/cumsum.h"
#include "autograd/ops/dropout.h"
#include "autograd/ops/fft.h"
#include "autograd/ops/permute.h"
#include "tests/cases/case.h"

namespace ito::checks {

ITO_CASES(cumsum) {
  cases.push_back({.inputs = {normal_values({3, 7})}, .f = [](const Tensors& in) { return cumsum(in[0], 1); }});
  cases.push_back({.inputs = {normal_values({2, 5, 3})}, .f = [](const Tensors& in) { return cumsum(in[0], 1); }, .why = "an axis in the middle"});
  cases.push_back({.inputs = {normal_values({0, 3})}, .f = [](const Tensors& in) { return cumsum(in[0], 0); }, .why = "empty"});
  cases.push_back({.inputs = {normal_values({40, 700})}, .f = [](const Tensors& in) { return cumsum(in[0], -1); }, .tolerance = 1e-4});
  for (const int64_t extent : {1, 31, 33, 128, 129, 256, 257, 1024, 1025, 2056})  // a warp's and a block's parts of a line, whole packs and not
    cases.push_back({.inputs = {normal_values({2, extent})}, .f = [](const Tensors& in) { return cumsum(in[0], 1); }, .tolerance = 1e-4});
  cases.push_back({.inputs = {normal_values({300, 3})}, .f = [](const Tensors& in) { return cumsum(in[0], 0); }, .tolerance = 1e-4});
}

ITO_CASES(dropout) {
  cases.push_back({.inputs = {normal_values({30, 700})}, .f = [](const Tensors& in) {
                     Generator generator{.seed = 3};  // the same draw every time
                     return dropout(in[0], 0.3, generator);
                   }});
}

ITO_CASES(fft) {
  for (const int64_t n : {1, 2, 3, 4, 5, 7, 8, 11, 15, 16, 31, 42, 64, 97, 100})
    cases.push_back({.inputs = {normal_values({2, n, 2})}, .f = [](const Tensors& in) { return fft(in[0]); }, .tolerance = 5e-5});
  cases.push_back(
      {.inputs = {normal_values({700, 12, 2})}, .f = [](const Tensors& in) { return fft(in[0], {.inverse = true}); }, .why = "several blocks"});
  for (const Shape& x : {Shape{1, 32, 2}, Shape{17, 60, 2}, Shape{33, 8, 2}})
    cases.push_back({.inputs = {normal_values(x)}, .f = [](const Tensors& in) { return fft(in[0]); }, .why = "a line, and some left of 16"});
  for (const Shape& x : {Shape{2, 6, 5, 2}, Shape{1, 32, 19, 2}, Shape{3, 11, 2, 2, 2}})
    cases.push_back({.inputs = {normal_values(x)},
                     .f = [](const Tensors& in) { return fft(in[0], {.inverse = true, .axis = 1}); },
                     .why = "an axis in the middle",
                     .composed = [](const Tensors& in) { return transpose(fft(transpose(in[0], 1, -2), {.inverse = true}), 1, -2); }});
  cases.push_back({.inputs = {normal_values({2, 4, 6, 2})}, .f = [](const Tensors& in) { return fft2(in[0]); }});
  cases.push_back({.inputs = {normal_values({3, 4, 4})},
                   .f = [](const Tensors& in) { return real_part(fft2(fft2(complex_from(in[0])), {.inverse = true})); },
                   .why = "there and back",
                   .composed = [](const Tensors& in) { return in[0]; }});
}

}  // namespace ito::checks
