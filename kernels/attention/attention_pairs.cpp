// pairs   bfloat16's attention forward on the processor's instructions for it (kernels/gemm/pairs.h): FlashAttention's blocks and online softmax, as
// in flash_cpu.cpp, with S^T = K Q^T and (P V)^T = V^T P^T as products of pairs. P is rounded to bfloat16 for the second; its sum is not. Queries are
// the lanes, as there, and two rows of P^T side by side are the pairs that the second product wants.
//
// A head's keys and values are packed once for each task: a task is a head or, where heads are few, a part of its queries. Products are of whole
// blocks; what is done number by number stops at the last key and, to a register or two, at the last query.
#include <cmath>
#include <limits>

#include "kernels/attention/head.h"
#include "kernels/gemm/pairs.h"
#include "kernels/scratch.h"
#include "kernels/store.h"
#include "kernels/vecmath.h"
#include "kernels/vector.h"

namespace ito::kernels {

namespace {

using pairs::block;
using pairs::whole_blocks;
constexpr int64_t key_block = 8 * block;  // scores of 32 queries and so many keys stay in the first cache
constexpr float infinity = std::numeric_limits<float>::infinity();

struct HeadForward {
  const Head<bfloat16>& head;
  const pairs::Multiplier& multiply;
  bfloat16 *k_rows, *v_columns;  // K, and V^T: a row a channel
  bfloat16 *q_pairs, *p;         // Q^T and P^T in rows of pairs
  float *scores, *out;           // S^T and (P V)^T: a column a query

  int64_t d() const { return head.s.head_channels(); }
  int64_t width() const { return whole_blocks(d()); }

  static int64_t halves(const AttentionShape& s) {
    return 2 * whole_blocks(s.keys) * whole_blocks(s.head_channels()) + block * (whole_blocks(s.head_channels()) + key_block);
  }
  static int64_t floats(const AttentionShape& s) { return block * (key_block + whole_blocks(s.head_channels())); }

  HeadForward(const Head<bfloat16>& of, const pairs::Multiplier& multiplier, bfloat16* half, float* single)
      : head(of),
        multiply(multiplier),
        k_rows(half),
        v_columns(k_rows + whole_blocks(of.s.keys) * width()),
        q_pairs(v_columns + whole_blocks(of.s.keys) * width()),
        p(q_pairs + block * width()),
        scores(single),
        out(single + block * key_block) {}

  void pack(const bfloat16* k, const bfloat16* v) const {
    const AttentionShape& s = head.s;
    if (s.keys % block != 0 || d() % block != 0) std::fill_n(k_rows, 2 * whole_blocks(s.keys) * width(), bfloat16());
    for (int64_t j = 0; j < s.keys; ++j) std::copy_n(k + head.key(j), d(), k_rows + j * width());
    pairs::turn(v + head.key(0), s.token_stride, s.keys, d(), v_columns, whole_blocks(s.keys));
  }

  // 32 rows of `a`, times k rows of pairs.
  void product(const bfloat16* a, int64_t a_stride, int64_t k, const bfloat16* pairs_of_b, float* c, bool add) const {
    static constexpr int64_t start = 0;
    multiply({.a = a,
              .a_stride = a_stride,
              .a_segments = &start,
              .segments = 1,
              .steps = k / block,
              .b = pairs_of_b,
              .b_stride = 2 * block,
              .c = c,
              .c_stride = block,
              .add = add});
  }

  // Where nothing is to be done to scores but to multiply them by a positive scale, the exponentials do it.
  float scale_in_exponent() const { return head.mask || head.s.causal || head.s.scale <= 0 ? 1.0f : float(head.s.scale); }

  // Scores of keys from `key` on, scaled and masked, and -inf where a query does not see a key; `top` becomes their maximum, if that is higher.
  template <int64_t queries>
  void finish_scores(int64_t first, int64_t count, int64_t key, int64_t keys, float* top) const {
    const AttentionShape& s = head.s;
    const float left = scale_in_exponent();
    if (left == 1.0f) {
      const auto scale = float(s.scale);
      for (int64_t j = 0; j < keys; ++j) {
        float* row = scores + j * block;
#pragma omp simd
        for (int64_t t = 0; t < queries; ++t) row[t] *= scale;
        if (head.mask)
          for (int64_t t = 0; t < count; ++t) row[t] += float(head.mask_row(first + t)[(key + j) * s.mask_strides[3]]);
        if (s.causal) std::fill_n(row, std::clamp<int64_t>(key + j - first, 0, queries), -infinity);
      }
    }
    float highest[queries];
    std::fill_n(highest, queries, -infinity);
    for (int64_t j = 0; j < keys; ++j) {
      const float* row = scores + j * block;
#pragma omp simd
      for (int64_t t = 0; t < queries; ++t) highest[t] = row[t] > highest[t] ? row[t] : highest[t];
    }
    for (int64_t t = 0; t < queries; ++t) top[t] = std::max(top[t], highest[t] * left);
  }

  // P^T from the scores, in rows of pairs, and its sums; the keys that fill up the block of the product count as nothing.
  template <int64_t queries>
  void exponentials(int64_t keys, const float* base, float* sum) const {
    const float scale = scale_in_exponent();
    for (int64_t j = 0; j < keys; j += 2) {
      float *even = scores + j * block, *odd = even + block;
      if (j + 1 == keys) std::fill_n(odd, block, -infinity);
#pragma omp simd
      for (int64_t t = 0; t < queries; ++t) {
        even[t] = exp_bounded(even[t] * scale - base[t]);
        odd[t] = exp_bounded(odd[t] * scale - base[t]);
        sum[t] += even[t] + odd[t];
      }
      convert_pairs(even, odd, queries, p + j * block);
    }
    const int64_t written = ceil_div(keys, 2) * 2;
    std::fill_n(p + written * block, (whole_blocks(keys) - written) * block, bfloat16());
  }

  // Queries first ... first + count - 1, count <= queries.
  template <int64_t queries>
  void run(const bfloat16* q, bfloat16* y, float* lse, int64_t first, int64_t count) const {
    const AttentionShape& s = head.s;
    const int64_t w = width(), end = s.causal ? std::min(s.keys, first + count) : s.keys;
    if (count < block || d() < w) std::fill_n(q_pairs, block * w, bfloat16());
    pairs::interleave_turned(q + head.query(first), s.token_stride, count, d(), q_pairs, 2 * block);
    std::fill_n(out, block * w, 0.0f);
    float top[queries], base[queries], shrink[queries], sum[queries] = {};
    std::fill_n(top, queries, -infinity);
    for (int64_t key = 0; key < end; key += key_block) {
      const int64_t keys = std::min(key_block, end - key), filled = whole_blocks(keys);
      for (int64_t j = 0; j < keys; j += block) product(k_rows + (key + j) * w, w, w, q_pairs, scores + j * block, false);
      std::copy_n(top, queries, shrink);
      finish_scores<queries>(first, count, key, keys, top);
#pragma omp simd
      for (int64_t t = 0; t < queries; ++t) {
        base[t] = top[t] == -infinity ? 0.0f : top[t];  // nothing seen yet: exp(-inf - 0) is 0, exp(-inf + inf) is not
        shrink[t] = exp_bounded(shrink[t] - base[t]);
        sum[t] *= shrink[t];
      }
      exponentials<queries>(keys, base, sum);
      if (key > 0)
        for (int64_t c = 0; c < d(); ++c) {
          float* line = out + c * block;
#pragma omp simd
          for (int64_t t = 0; t < queries; ++t) line[t] *= shrink[t];
        }
      for (int64_t c = 0; c < w; c += block)
        product(v_columns + c * whole_blocks(s.keys) + key, whole_blocks(s.keys), filled, p, out + c * block, key > 0);
    }
    finish(y, lse, first, count, top, sum);
  }

  // y = out^T / sum, lse = top + log(sum).
  void finish(bfloat16* y, float* lse, int64_t first, int64_t count, const float* top, const float* sum) const {
    constexpr int lanes = VectorTypes<float>::lanes;
    for (int64_t t = 0; t < count; t += lanes)
      for (int64_t c = 0; c < d(); c += lanes) {
        Vector<float> line[lanes];
        for (int i = 0; i < lanes; ++i) line[i] = load_vector<float>(out + (c + i) * block + t);
        transpose_vectors<float>(line);
        for (int i = 0; i < lanes && t + i < count; ++i) {
          const float scale = head.s.keys == 0 ? 1.0f : 1 / sum[t + i];
          store_vector<float>(line[i] * scale, y + head.result(first + t + i) + c, std::min<int64_t>(lanes, d() - c));
        }
      }
    for (int64_t t = 0; t < count; ++t) lse[head.row(first + t)] = sum[t] > 0 ? top[t] + std::log(sum[t]) : std::numeric_limits<float>::quiet_NaN();
  }
};

template <class T>
void forward_pairs(const T* q, const T* k, const T* v, const T* mask, T* y, accumulate_t<T>* lse, const AttentionShape& s) {
  for_parts(s, mask, parts_of(s, block), block, [&](const Head<T>& head, int64_t begin, int64_t end, int64_t) {
    const Scratch<bfloat16, Device::cpu> half(HeadForward::halves(s));
    const Scratch<float, Device::cpu> single(HeadForward::floats(s));
    const pairs::Multiplier multiplier;
    const HeadForward forward(head, multiplier, half.data(), single.data());
    forward.pack(k, v);
    for (int64_t first = begin; first < end; first += block) {
      const int64_t count = std::min(block, end - first);
      if (count <= block / 2)
        forward.run<block / 2>(q, y, lse, first, count);
      else
        forward.run<block>(q, y, lse, first, count);
    }
  });
}

}  // namespace

ITO_REGISTER_KERNEL(AttentionForward, Device::cpu, "pairs", forward_pairs, bfloat16);

}  // namespace ito::kernels
