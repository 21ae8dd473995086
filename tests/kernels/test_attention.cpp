// Attention in blocks against the definition, around the sizes of the blocks (those of scores, of the micro-kernel, and of the parts of a head) and
// with masks of all kinds; and whether the number of threads can be told from the bits.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "kernels/attention/attention.h"
#include "kernels/parallel.h"
#include "tests/cases/case.h"

using namespace ito;
using namespace ito::kernels;
using ito::checks::normal_values;

namespace {

enum class Mask { none, by_key, by_query, by_head, all };

struct Setup {
  int64_t batch, queries, keys, heads, d;
  bool causal = false;
  Mask mask = Mask::none;
};

AttentionShape shape_of(const Setup& c) {
  AttentionShape s{.batch = c.batch, .queries = c.queries, .keys = c.keys, .channels = c.heads * c.d, .heads = c.heads, .causal = c.causal};
  s.token_stride = s.channels;
  s.scale = 1 / std::sqrt(double(c.d));
  const int64_t row = c.keys, head = c.queries * row, image = c.heads * head;
  if (c.mask == Mask::by_key) s.mask_strides = {c.keys, 0, 0, 1};
  if (c.mask == Mask::by_query) s.mask_strides = {0, 0, 1, 0};
  if (c.mask == Mask::by_head) s.mask_strides = {0, head, row, 1};
  if (c.mask == Mask::all) s.mask_strides = {image, head, row, 1};
  return s;
}

// y, lse, dq, dk, dv of one variant for the values of `in` (q, k, v, dy, mask), as f64.
template <class T>
Tensors results(const Setup& c, const Tensors& in, const char* variant) {
  const AttentionShape s = shape_of(c);
  const auto typed = [](const Tensor& x) { return x.to(dtype_of<T>::value); };
  const Tensor q = typed(in[0]), k = typed(in[1]), v = typed(in[2]), dy = typed(in[3]), mask = typed(in[4]);
  const T* added = c.mask == Mask::none ? nullptr : mask.data<T>();
  const Tensor y = Tensor::empty_like(q), dq = Tensor::empty_like(q), dk = Tensor::empty_like(k), dv = Tensor::empty_like(v),
               lse = Tensor::empty({s.batch, s.heads, s.queries}, dtype_of<accumulate_t<T>>::value);
  AttentionForward<T>::named(Device::cpu, variant)(q.data<T>(), k.data<T>(), v.data<T>(), added, y.data<T>(), lse.data<accumulate_t<T>>(), s);
  AttentionBackward<T>::named(Device::cpu, variant)(q.data<T>(), k.data<T>(), v.data<T>(), added, y.data<T>(), lse.data<accumulate_t<T>>(),
                                                    dy.data<T>(), dq.data<T>(), dk.data<T>(), dv.data<T>(), s);
  return {y.to(DType::f64), lse.to(DType::f64), dq.to(DType::f64), dk.to(DType::f64), dv.to(DType::f64)};
}

Tensors inputs(const Setup& c) {
  const int64_t channels = c.heads * c.d;
  Tensor mask = normal_values({c.batch, c.heads, c.queries, c.keys}, 0, 1, 5);
  for (int64_t i = 1; i < mask.numel(); ++i)  // a third is left out, but never a query's first key
    if (i % 3 == 1 && i % std::max<int64_t>(1, c.keys) != 0) mask.data<double>()[i] = -INFINITY;
  if (c.mask == Mask::by_query) mask = normal_values({c.queries}, 0, 1, 5);
  return {normal_values({c.batch, c.queries, channels}), normal_values({c.batch, c.keys, channels}, 0, 1, 2),
          normal_values({c.batch, c.keys, channels}, 0, 1, 3), normal_values({c.batch, c.queries, channels}, 0, 1, 4), mask};
}

// The largest |a - b| / (1 + |b|); infinity where one of the two is NaN.
double largest_difference(const Tensors& a, const Tensors& b) {
  double worst = 0;
  for (size_t n = 0; n < a.size(); ++n)
    for (int64_t i = 0; i < a[n].numel(); ++i) {
      const double x = a[n].data<double>()[i], y = b[n].data<double>()[i];
      if (x == y || (std::isnan(x) && std::isnan(y))) continue;
      const double error = std::abs(x - y) / (1 + std::abs(y));
      worst = std::max(worst, std::isnan(error) ? INFINITY : error);
    }
  return worst;
}

template <class T>
void compare(const Setup& c, double tolerance) {
  CAPTURE(c.batch);
  CAPTURE(c.queries);
  CAPTURE(c.keys);
  CAPTURE(c.heads);
  CAPTURE(c.d);
  CAPTURE(c.causal);
  CAPTURE(int(c.mask));
  const Tensors in = inputs(c);
  CHECK(largest_difference(results<T>(c, in, "flash"), results<T>(c, in, "reference")) <= tolerance);
}

void compare_all(const Setup& c) {
  compare<float>(c, 2e-5);
  compare<double>(c, 1e-12);
  compare<bfloat16>(c, 2e-2);
}

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("attention in blocks is the definition at every size around a block") {
    for (const int64_t queries : {1, 47, 49, 97, 225})
      for (const int64_t keys : {1, 55, 57, 95, 97, 193})
        for (const bool causal : {false, true}) compare_all({.batch = 1, .queries = queries, .keys = keys, .heads = 2, .d = 5, .causal = causal});
    for (const int64_t d : {1, 7, 15, 17, 31, 33, 48, 65, 128}) compare_all({.batch = 2, .queries = 50, .keys = 65, .heads = 2, .d = d});
    compare_all({.batch = 17, .queries = 65, .keys = 65, .heads = 2, .d = 32, .causal = true});  // more heads than there are parts
  }

  TEST_CASE("attention in blocks adds masks of all strides") {
    for (const Mask mask : {Mask::by_key, Mask::by_query, Mask::by_head, Mask::all})
      for (const bool causal : {false, true})
        compare_all({.batch = 2, .queries = 101, .keys = 98, .heads = 2, .d = 6, .causal = causal, .mask = mask});
  }

  TEST_CASE("attention's bits do not tell the number of threads") {
    const int before = num_threads();
    for (const Setup& c : {Setup{1, 300, 300, 1, 24}, Setup{1, 300, 200, 3, 16, true}, Setup{9, 100, 65, 4, 8}}) {
      const Tensors in = inputs(c);
      set_num_threads(1);
      const Tensors once = results<float>(c, in, "flash");
      for (const int threads : {2, 3, 7}) {
        set_num_threads(threads);
        const Tensors again = results<float>(c, in, "flash");
        for (size_t n = 0; n < once.size(); ++n)
          CHECK(std::memcmp(once[n].data<double>(), again[n].data<double>(), size_t(once[n].numel()) * sizeof(double)) == 0);
      }
    }
    set_num_threads(before);
  }

  TEST_CASE("a query that sees no key has NaN, also in a later block, and others have none") {
    Setup c{.batch = 1, .queries = 100, .keys = 130, .heads = 1, .d = 4, .mask = Mask::all};
    Tensors in = inputs(c);
    std::fill_n(in[4].data<double>() + 60 * c.keys, c.keys, -INFINITY);
    const Tensors out = results<float>(c, in, "flash");
    for (int64_t t = 0; t < c.queries; ++t) {
      CHECK(std::isnan(out[1].data<double>()[t]) == (t == 60));
      for (int64_t i = 0; i < c.d; ++i) CHECK(std::isnan(out[0].data<double>()[t * c.d + i]) == (t == 60));
    }
  }

  TEST_CASE("attention without keys, queries or images") {
    for (const Setup& c : {Setup{2, 5, 0, 1, 4}, Setup{2, 0, 5, 1, 4}, Setup{0, 5, 5, 1, 4}}) {
      const Tensors out = results<float>(c, inputs(c), "flash");
      for (const size_t n : {0, 2, 3, 4})
        for (int64_t i = 0; i < out[n].numel(); ++i) CHECK(out[n].data<double>()[i] == 0);
    }
  }
}
