// Conversion between element types, and filling.
//   cast   y[i] = To(x[i]), x of type `from`; to an integer: towards zero, to bool: x != 0, to bf16: to nearest, ties to even
//   fill   y[i] = value
// y is overwritten and must not overlap x.
#pragma once

#include "kernels/registry.h"
#include "kernels/work.h"

namespace ito::kernels {

template <class To>
using Cast = Kernel<"cast", To, void(const void* x, DType from, To* y, int64_t n)>;
template <class T>
using Fill = Kernel<"fill", T, void(T* y, int64_t n, T value)>;

constexpr Work cast_work(int64_t n, int64_t from_size, int64_t to_size) { return {.flops = 0, .bytes = double(n * (from_size + to_size))}; }

}  // namespace ito::kernels
