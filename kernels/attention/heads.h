// Where the heads of an attention lie in its tensors, as the CUDA kernels take it. `head` counts through images and heads: n heads + h.
#pragma once

#include <initializer_list>

#include "kernels/attention/attention.h"
#include "kernels/cuda/cuda.h"

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

template <class A>
struct AttentionHeads {
  int64_t queries, keys, channels, token_stride, heads, head_channels, mask_stride[4];
  A scale;
  bool causal;

  explicit AttentionHeads(const AttentionShape& s)
      : queries(s.queries),
        keys(s.keys),
        channels(s.channels),
        token_stride(s.token_stride),
        heads(s.heads),
        head_channels(s.head_channels()),
        mask_stride{s.mask_strides[0], s.mask_strides[1], s.mask_strides[2], s.mask_strides[3]},
        scale(A(s.scale)),
        causal(s.causal) {}

  // Offsets of the head's first channel: in q and dq at query t, in k, v, dk and dv at key s, in y and dy at query t.
  __device__ __forceinline__ int64_t query(int64_t head, int64_t t) const {
    return (head / heads * queries + t) * token_stride + head % heads * head_channels;
  }
  __device__ __forceinline__ int64_t key(int64_t head, int64_t s) const {
    return (head / heads * keys + s) * token_stride + head % heads * head_channels;
  }
  __device__ __forceinline__ int64_t result(int64_t head, int64_t t) const {
    return (head / heads * queries + t) * channels + head % heads * head_channels;
  }
  // The head's part of a mask, null when there is none.
  template <class T>
  __device__ __forceinline__ const T* mask_of(const T* mask, int64_t head) const {
    return mask ? mask + head / heads * mask_stride[0] + head % heads * mask_stride[1] : nullptr;
  }
  // What makes a score of q k: scaled, with the mask added, -inf where causal leaves it out.
  template <class T>
  __device__ __forceinline__ A score(A product, const T* head_mask, int64_t t, int64_t s) const {
    if (causal && s > t) return A(-INFINITY);
    return scale * product + (head_mask ? A(head_mask[t * mask_stride[2] + s * mask_stride[3]]) : A(0));
  }
};

// Whether the channels of every head can be read in packs of 16 / sizeof(A): they are whole packs, and start at multiples of a pack's size.
template <class T>
bool heads_aligned(const AttentionShape& s, std::initializer_list<const T*> tensors) {
  constexpr int64_t lanes = 16 / sizeof(accumulate_t<T>);
  return s.token_stride % lanes == 0 && s.head_channels() % lanes == 0 &&
         std::all_of(tensors.begin(), tensors.end(), [](const T* x) { return aligned_to(x, lanes * sizeof(T)); });
}

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
