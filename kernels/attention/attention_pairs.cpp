// pairs   bfloat16's attention forward on the processor's instructions for it (kernels/gemm/pairs.h): FlashAttention's blocks and online softmax, as
// in flash_cpu.cpp, with S = Q K^T and P V as products of pairs. P is rounded to bfloat16 for the second; its sum is not. A row of scores is one of
// S's rows here, as that is how the left factor of P V has to lie.
//
// A head's keys and values are packed once for each task: a task is a head or, where heads are few, a part of its queries.
#include <cmath>
#include <limits>

#include "kernels/attention/head.h"
#include "kernels/gemm/pairs.h"
#include "kernels/scratch.h"
#include "kernels/softmax/lanes.h"
#include "kernels/store.h"
#include "kernels/vecmath.h"

namespace ito::kernels {

namespace {

using pairs::block;
using pairs::whole_blocks;
constexpr int64_t key_block = 8 * block;         // scores of 32 queries and so many keys stay in the first cache
constexpr int64_t p_stride = key_block + block;  // not a power of two
constexpr float infinity = std::numeric_limits<float>::infinity();

struct HeadForward {
  const Head<bfloat16>& head;
  const pairs::Multiplier& multiply;
  bfloat16 *k_pairs, *v_pairs;  // K^T in panels of 32 keys, V in panels of 32 channels
  bfloat16 *q_rows, *p;
  float *scores, *out;

  int64_t d() const { return head.s.head_channels(); }
  int64_t width() const { return whole_blocks(d()); }

  static int64_t halves(const AttentionShape& s) {
    return 2 * whole_blocks(s.keys) * whole_blocks(s.head_channels()) + block * (whole_blocks(s.head_channels()) + p_stride);
  }
  static int64_t floats(const AttentionShape& s) { return block * (key_block + whole_blocks(s.head_channels())); }

  HeadForward(const Head<bfloat16>& of, const pairs::Multiplier& multiplier, bfloat16* half, float* single)
      : head(of),
        multiply(multiplier),
        k_pairs(half),
        v_pairs(k_pairs + whole_blocks(of.s.keys) * width()),
        q_rows(v_pairs + whole_blocks(of.s.keys) * width()),
        p(q_rows + block * width()),
        scores(single),
        out(single + block * key_block) {}

  void pack(const bfloat16* k, const bfloat16* v) const {
    const AttentionShape& s = head.s;
    if (s.keys % block != 0 || d() % block != 0) std::fill_n(k_pairs, 2 * whole_blocks(s.keys) * width(), bfloat16());
    for (int64_t j = 0; j < s.keys; j += block)
      pairs::interleave_turned(k + head.key(j), s.channels, std::min(block, s.keys - j), d(), k_pairs + j * width(), 2 * block);
    for (int64_t c = 0; c < d(); c += block)
      pairs::interleave(v + head.key(0) + c, s.channels, s.keys, std::min(block, d() - c), v_pairs + c * whole_blocks(s.keys), 2 * block);
  }

  void product(const bfloat16* a, int64_t a_stride, int64_t k, const bfloat16* b, float* c, int64_t c_stride, bool add) const {
    static constexpr int64_t start = 0;
    multiply({.a = a,
              .a_stride = a_stride,
              .a_segments = &start,
              .segments = 1,
              .steps = k / block,
              .b = b,
              .b_stride = 2 * block,
              .c = c,
              .c_stride = c_stride,
              .add = add});
  }

  // A row of scores, scaled, masked, with -inf for keys past the last that the query sees; its maximum.
  float finish_scores(float* row, int64_t query, int64_t key, int64_t keys) const {
    const AttentionShape& s = head.s;
    const auto scale = float(s.scale);
#pragma omp simd
    for (int64_t j = 0; j < keys; ++j) row[j] *= scale;
    const int64_t seen = std::clamp<int64_t>((s.causal ? std::min(s.keys, query + 1) : s.keys) - key, 0, keys);
    if (const bfloat16* added = head.mask_row(query))
      for (int64_t j = 0; j < seen; ++j) row[j] += float(added[(key + j) * s.mask_strides[3]]);
    std::fill(row + seen, row + keys, -infinity);
    return lane_maximum(row, keys);
  }

  // Queries first ... first + count - 1.
  void run(const bfloat16* q, bfloat16* y, float* lse, int64_t first, int64_t count) const {
    const AttentionShape& s = head.s;
    const int64_t w = width(), end = s.causal ? std::min(s.keys, first + count) : s.keys;
    for (int64_t t = 0; t < count; ++t) {
      std::copy_n(q + head.query(first + t), d(), q_rows + t * w);
      std::fill(q_rows + t * w + d(), q_rows + (t + 1) * w, bfloat16());
    }
    std::fill_n(out, block * w, 0.0f);
    float top[block], sum[block] = {};
    std::fill_n(top, block, -infinity);
    for (int64_t key = 0; key < end; key += key_block) {
      const int64_t keys = std::min(key_block, whole_blocks(end - key));
      for (int64_t j = 0; j < keys; j += block) product(q_rows, w, w, k_pairs + (key + j) * w, scores + j, key_block, false);
      for (int64_t t = 0; t < count; ++t) {
        float* row = scores + t * key_block;
        const float highest = std::max(top[t], finish_scores(row, first + t, key, keys)),
                    base = highest == -infinity ? 0.0f : highest,  // nothing seen yet: exp(-inf - 0) is 0, exp(-inf + inf) is not
            shrink = exp_bounded(top[t] - base);
#pragma omp simd
        for (int64_t j = 0; j < keys; ++j) row[j] = exp_bounded(row[j] - base);
        sum[t] = sum[t] * shrink + lane_sum<float>(keys, [row](int64_t j) { return row[j]; });
        top[t] = highest;
        convert(row, keys, p + t * p_stride);
        float* line = out + t * w;
#pragma omp simd
        for (int64_t c = 0; c < w; ++c) line[c] *= shrink;
      }
      for (int64_t c = 0; c < w; c += block) product(p, p_stride, keys, v_pairs + c * whole_blocks(s.keys) + key * block, out + c, w, true);
    }
    for (int64_t t = 0; t < count; ++t) {
      float* line = out + t * w;
      const float scale = s.keys == 0 ? 1.0f : 1 / sum[t];
#pragma omp simd
      for (int64_t c = 0; c < d(); ++c) line[c] *= scale;
      convert(line, d(), y + head.query(first + t));
      lse[head.row(first + t)] = sum[t] > 0 ? top[t] + std::log(sum[t]) : std::numeric_limits<float>::quiet_NaN();
    }
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
    for (int64_t first = begin; first < end; first += block) forward.run(q, y, lse, first, std::min(block, end - first));
  });
}

}  // namespace

ITO_REGISTER_KERNEL(AttentionForward, Device::cpu, "pairs", forward_pairs, bfloat16);

}  // namespace ito::kernels
