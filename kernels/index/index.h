// Reading and adding at given places along an axis. x (outer, extent, inner), dense.
//   gather         y[o,i,c] = x[o, index[o,i,c], c]           y and index (outer, count, inner)
//   scatter_add    x[o, index[o,i,c], c] += y[o,i,c]
//   index_select   y[o,i,c] = x[o, index[i], c]               y (outer, count, inner), index (count)
//   index_add      x[o, index[i], c] += y[o,i,c]
// y is overwritten by the first of each pair, x added to by the second, in the order of i, whatever the number of threads. Sums in bf16 are kept in
// f32 (in f64 by the reference) and rounded once.
// 0 <= index < extent is the caller's promise.
#pragma once

#include "kernels/registry.h"
#include "kernels/work.h"

namespace ito::kernels {

struct IndexShape {
  int64_t outer = 1, extent = 0, inner = 1, count = 0;
};

template <class T>
using Gather = Kernel<"gather", T, void(const T* x, const int64_t* index, T* y, const IndexShape& shape)>;
template <class T>
using ScatterAdd = Kernel<"scatter_add", T, void(const T* y, const int64_t* index, T* x, const IndexShape& shape)>;
template <class T>
using IndexSelect = Kernel<"index_select", T, void(const T* x, const int64_t* index, T* y, const IndexShape& shape)>;
template <class T>
using IndexAdd = Kernel<"index_add", T, void(const T* y, const int64_t* index, T* x, const IndexShape& shape)>;

constexpr Work index_work(const IndexShape& s, int64_t size) { return {.flops = 0, .bytes = double(s.outer * s.count * s.inner * 2 * size)}; }

}  // namespace ito::kernels
