#include <cmath>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/attention.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/slice.h"
#include "autograd/ops/softmax.h"
#include "tests/cases/case.h"

namespace ito::checks {

ITO_CASES(attention) {
  struct Sizes {
    int64_t batch, queries, keys, channels, heads;
    bool causal;
    const char* why;
  };
  for (const Sizes& c :
       {Sizes{2, 5, 5, 6, 2, false, "two heads"}, Sizes{1, 7, 7, 4, 1, true, "causal"}, Sizes{2, 3, 9, 8, 4, false, "cross attention"},
        Sizes{1, 6, 3, 4, 2, true, "causal, fewer keys than queries"}, Sizes{1, 33, 17, 6, 2, false, "past a block"},
        Sizes{1, 65, 33, 1, 1, false, "a query and a key past the tiles"},
        Sizes{1, 34, 67, 1, 1, true, "causal over several tiles, more keys than queries"},
        Sizes{2, 4, 5, 8, 2, false, "four channels a head: packs of 16 bytes"},
        Sizes{1, 5, 65, 4, 1, false, "packs of 16 bytes over two tiles of keys"}, Sizes{1, 1, 2, 33, 1, false, "a channel past 32"},
        Sizes{1, 1, 2, 65, 1, false, "a channel past 64"}, Sizes{1, 1, 2, 129, 1, false, "a channel past 128"},
        Sizes{1, 1, 2, 257, 1, false, "a channel past 256"}, Sizes{3, 1, 1, 2, 1, false, "one token"}, Sizes{0, 4, 4, 2, 1, false, "no images"}}) {
    const AttentionOptions o{.num_heads = c.heads, .causal = c.causal};
    cases.push_back({.inputs = {normal_values({c.batch, c.queries, c.channels}), normal_values({c.batch, c.keys, c.channels}, 0, 1, 2),
                                normal_values({c.batch, c.keys, c.channels}, 0, 1, 3)},
                     .f = [o](const Tensors& in) { return attention(in[0], in[1], in[2], o); },
                     .why = c.why,
                     .tolerance = 1e-4});
  }
  for (const Sizes& c : {Sizes{2, 5, 5, 6, 2, false, "q, k and v in one"}, Sizes{1, 35, 35, 4, 1, true, "in one, causal, past a block"},
                         Sizes{2, 3, 3, 16, 2, false, "in one, packs of 16 bytes"}, Sizes{1, 2, 2, 257, 1, false, "in one, a channel past 256"}}) {
    const AttentionOptions o{.num_heads = c.heads, .causal = c.causal};
    cases.push_back({.inputs = {normal_values({c.batch, c.queries, 3 * c.channels})},
                     .f = [o](const Tensors& in) { return self_attention(in[0], o); },
                     .why = c.why,
                     .composed =
                         [o](const Tensors& in) {
                           const int64_t channels = in[0].extent(2) / 3;
                           const Tensors parts = split(in[0], {channels, channels, channels}, 2);
                           return attention(parts[0], parts[1], parts[2], o);
                         },
                     .tolerance = 1e-4});
  }
  const Tensors qkv{normal_values({2, 4, 6}), normal_values({2, 4, 6}, 0, 1, 2), normal_values({2, 4, 6}, 0, 1, 3)};
  cases.push_back({.inputs = {qkv[0]},
                   .f = [](const Tensors& in) { return attention(in[0], in[0], in[0]); },
                   .why = "one head, against the formula",
                   .composed = [](const Tensors& in) { return matmul(softmax(matmul(in[0], in[0], {.transpose_b = true}) / std::sqrt(6.0)), in[0]); },
                   .tolerance = 1e-4});
  Tensor seen = mask_values({2, 1, 4, 4}, 0.5);
  for (int64_t i = 0; i < 32; i += 4) seen.data<bool>()[i] = true;  // everyone sees the first key
  cases.push_back({.inputs = {qkv[0], qkv[1], qkv[2], seen},
                   .f = [](const Tensors& in) { return attention(in[0], in[1], in[2], {.num_heads = 3, .mask = in[3]}); },
                   .why = "bool mask by image",
                   .tolerance = 1e-4});
  Tensor late = Tensor::zeros({2, 70}, DType::boolean);
  late.data<bool>()[69] = late.data<bool>()[70] = true;
  cases.push_back({.inputs = {normal_values({1, 2, 1}), normal_values({1, 70, 1}, 0, 1, 2), normal_values({1, 70, 1}, 0, 1, 3), late},
                   .f = [](const Tensors& in) { return attention(in[0], in[1], in[2], {.mask = in[3]}); },
                   .why = "a query that sees the last key only, one that sees the first only",
                   .tolerance = 1e-4});
  Tensor blind = mask_values({4, 4}, 1);
  for (int64_t s = 0; s < 4; ++s) blind.data<bool>()[4 + s] = false;
  cases.push_back({.inputs = {qkv[0], qkv[1], qkv[2], blind},
                   .f = [](const Tensors& in) { return attention(in[0], in[1], in[2], {.num_heads = 2, .mask = in[3]}); },
                   .why = "a query that sees no key is NaN, the others are not",
                   .tolerance = 1e-4,
                   .gradients = false});
  cases.push_back({.inputs = {qkv[0] * 100.0, qkv[1], qkv[2]},
                   .f = [](const Tensors& in) { return attention(in[0], in[1], in[2], {.scale = 2}); },
                   .why = "scores of hundreds: exp overflows unless the maximum is taken off",
                   .gradients = false});
  cases.push_back({.inputs = {normal_values({2, 5, 4}), normal_values({2, 7, 4}, 0, 1, 2), normal_values({2, 7, 4}, 0, 1, 3)},
                   .f = [](const Tensors& in) { return attention(in[0], in[1], in[2], {.scale = -1.5}); },
                   .why = "a negative scale: the largest score is the smallest product",
                   .tolerance = 1e-4});
  cases.push_back({.inputs = {qkv[0], Tensor::zeros({2, 0, 6}, DType::f64), Tensor::zeros({2, 0, 6}, DType::f64)},
                   .f = [](const Tensors& in) { return attention(in[0], in[1], in[2]); },
                   .why = "no keys"});
  cases.push_back({.inputs = {qkv[0], qkv[1], qkv[2], normal_values({3, 1, 4}, 0, 1, 4)},
                   .f = [](const Tensors& in) { return attention(in[0], in[1], in[2], {.num_heads = 3, .mask = in[3], .scale = 0.7}); },
                   .why = "learned mask by head and key",
                   .tolerance = 1e-4});
  cases.push_back(
      {.inputs = {qkv[0], qkv[1], qkv[2]},
       .f =
           [](const Tensors& in) {
             return attention(in[0], in[1], in[2], {.num_heads = 2, .mask = normal_values({2, 4, 4}, 0, 1, 4).to(in[0].dtype()).to(in[0].device())});
           },
       .why = "added mask by head",
       .tolerance = 1e-4});
}

}  // namespace ito::checks
