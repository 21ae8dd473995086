// Scaled dot-product attention with heads (Vaswani et al. 2017, eq. 1). q (batch, queries, heads d), k and v (batch, keys, heads d); head h uses
// channels h d ... (h+1) d - 1. Tokens of q, k and v, and of their gradients, are token_stride apart, so that they may be parts of one tensor; y and
// dy are dense. For each image and head:
//   S = scale Q K^T + mask      P = softmax(S) by rows      Y = P V      lse[t] = log sum_s exp(S[t,s])
// and back, with P = exp(S - lse) worked out again:
//   dV = P^T dY      dS = P (dY V^T - rowsum(dY Y))      dQ = scale dS K      dK = scale dS^T Q
// The mask is null or added to the scores at n, h, t, s by its four strides (0 where it is broadcast); causal leaves out s > t.
// lse (batch, heads, queries), in f32 for bf16, whose 8 bits would put exp(S - lse) off by per cents. All outputs are overwritten. A query that may
// see no key gives NaN, as softmax does; where there are no keys at all, y is 0.
#pragma once

#include <array>

#include "kernels/registry.h"
#include "kernels/work.h"

namespace ito::kernels {

struct AttentionShape {
  int64_t batch = 0, queries = 0, keys = 0, channels = 0, heads = 1;
  int64_t token_stride = 0;  // at least channels
  double scale = 1;
  bool causal = false;
  std::array<int64_t, 4> mask_strides = {};

  int64_t head_channels() const { return channels / heads; }
};

template <class T>
using AttentionForward =
    Kernel<"attention_forward", T, void(const T* q, const T* k, const T* v, const T* mask, T* y, accumulate_t<T>* lse, const AttentionShape& shape)>;
template <class T>
using AttentionBackward = Kernel<"attention_backward", T,
                                 void(const T* q, const T* k, const T* v, const T* mask, const T* y, const accumulate_t<T>* lse, const T* dy, T* dq,
                                      T* dk, T* dv, const AttentionShape& shape)>;

inline Work attention_work(const AttentionShape& s, int64_t size) {
  return {.flops = 4.0 * double(s.batch * s.queries) * double(s.keys * s.channels),
          .bytes = double(2 * s.batch * (s.queries + s.keys) * s.channels * size)};
}

}  // namespace ito::kernels
