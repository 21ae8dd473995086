// Elementwise functions of two tensors, broadcast: y[i] = f(a[i * stride_a], b[i * stride_b]); a stride of 0 repeats an element.
// y is dense and overwritten; it may be a or b when that one is not repeated.
#pragma once

#include "kernels/registry.h"
#include "kernels/work.h"
#include "tensor/shape.h"

namespace ito::kernels {

enum class BinaryKind { add, sub, mul, div, pow, maximum, minimum, left, is_equal, is_greater };
//                      a+b  a-b  ab   a/b  a^b  max      min      a     a==b ? 1:0  a>b ? 1:0

// The index space of the result with the strides of the operands, adjacent axes merged where both allow it.
struct Broadcast {
  static constexpr int max_rank = 8;
  int rank = 0;  // at least 1
  int64_t extent[max_rank] = {}, stride_a[max_rank] = {}, stride_b[max_rank] = {};

  int64_t numel() const;
  // Shapes must broadcast to `out`; throws Error above max_rank axes.
  static Broadcast of(const Shape& a, const Shape& b, const Shape& out);
};

template <class T>
using Binary = Kernel<"binary", T, void(BinaryKind kind, const T* a, const T* b, T* y, const Broadcast& space)>;

constexpr Work binary_work(int64_t n, int64_t size) { return {.flops = double(n), .bytes = double(3 * n * size)}; }

}  // namespace ito::kernels
