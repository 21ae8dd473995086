// Elementwise comparison and choice; dense buffers of n elements, y overwritten.
//   compare   y[i] = a[i] (==, !=, <, <=, >, >=) b[i]; with NaN only != is true
//   where     y[i] = condition[i] ? a[i] : b[i]
#pragma once

#include "kernels/registry.h"
#include "kernels/work.h"

namespace ito::kernels {

enum class Comparison { equal, not_equal, less, less_equal, greater, greater_equal };

template <class T>
using Compare = Kernel<"compare", T, void(Comparison comparison, const T* a, const T* b, bool* y, int64_t n)>;
template <class T>
using Where = Kernel<"where", T, void(const bool* condition, const T* a, const T* b, T* y, int64_t n)>;

constexpr Work where_work(int64_t n, int64_t size) { return {.flops = 0, .bytes = double(n * (3 * size + 1))}; }

}  // namespace ito::kernels
