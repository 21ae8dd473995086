// Where one head of an attention lies in its tensors, as the CPU kernels take it, and the tasks that heads are.
#pragma once

#include <algorithm>

#include "kernels/attention/attention.h"
#include "kernels/parallel.h"

namespace ito::kernels {

template <class T>
struct Head {
  const AttentionShape& s;
  const T* mask;
  int64_t n, h;

  int64_t index() const { return n * s.heads + h; }
  // Offsets of the head's first channel: in q and dq at query t, in k, v, dk and dv at key j, in y and dy at query t; and of its lse at query t.
  int64_t query(int64_t t) const { return (n * s.queries + t) * s.token_stride + h * s.head_channels(); }
  int64_t key(int64_t j) const { return (n * s.keys + j) * s.token_stride + h * s.head_channels(); }
  int64_t result(int64_t t) const { return (n * s.queries + t) * s.channels + h * s.head_channels(); }
  int64_t row(int64_t t) const { return index() * s.queries + t; }
  // What is added to the scores of query t; null when there is no mask.
  const T* mask_row(int64_t t) const { return mask ? mask + n * s.mask_strides[0] + h * s.mask_strides[1] + t * s.mask_strides[2] : nullptr; }
};

// Parts of a head's queries, which come in blocks of `unit`: with few heads, up to 32 tasks in all.
inline int64_t parts_of(const AttentionShape& s, int64_t unit) {
  return std::max<int64_t>(1, std::min(ceil_div(s.queries, unit), 32 / std::max<int64_t>(1, s.batch * s.heads)));
}

// Calls body(head, first query, last query, part) for all heads, each in `parts` parts of whole blocks. Where there are images enough for all
// threads, one thread takes all heads of an image: their channels lie side by side, and what one head has not read is in the cache for the next.
template <class T, class Body>
void for_parts(const AttentionShape& s, const T* mask, int64_t parts, int64_t unit, Body&& body) {
  const int64_t blocks = ceil_div(s.queries, unit);
  const int64_t at_once = s.batch >= 8 * num_threads() ? s.heads * parts : 1;
  parallel_for(s.batch * s.heads * parts, at_once, [&](int64_t first, int64_t last) {
    for (int64_t task = first; task < last; ++task) {
      const int64_t head = task / parts, part = task % parts;
      body(Head<T>{s, mask, head / s.heads, head % s.heads}, blocks * part / parts * unit, std::min(s.queries, blocks * (part + 1) / parts * unit),
           part);
    }
  });
}

}  // namespace ito::kernels
