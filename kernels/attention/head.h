// Where one head of an attention lies in its tensors, as the CPU kernels take it.
#pragma once

#include "kernels/attention/attention.h"

namespace ito::kernels {

template <class T>
struct Head {
  const AttentionShape& s;
  const T* mask;
  int64_t n, h;

  int64_t index() const { return n * s.heads + h; }
  // Offsets of the head's first channel at query t or key j, and of its lse at query t.
  int64_t query(int64_t t) const { return (n * s.queries + t) * s.channels + h * s.head_channels(); }
  int64_t key(int64_t j) const { return (n * s.keys + j) * s.channels + h * s.head_channels(); }
  int64_t row(int64_t t) const { return index() * s.queries + t; }
  // What is added to the scores of query t; null when there is no mask.
  const T* mask_row(int64_t t) const { return mask ? mask + n * s.mask_strides[0] + h * s.mask_strides[1] + t * s.mask_strides[2] : nullptr; }
};

}  // namespace ito::kernels
