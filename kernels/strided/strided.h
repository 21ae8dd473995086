// Walks through memory with one stride an axis: what permuting, slicing, flipping, padding and joining come down to.
//   strided_read    y[i] = x[o(i)]      y dense, overwritten
//   strided_write   y[o(i)] = x[i]      x dense; elements of y that the walk does not meet are left as they are
// o(i) = sum over axes of coordinate * stride; strides may be negative (then the pointer is that of coordinate 0). x and y must not overlap,
// and a walk that is written must not meet an element twice.
#pragma once

#include <vector>

#include "kernels/registry.h"
#include "kernels/work.h"

namespace ito::kernels {

struct Walk {
  struct Axis {
    int64_t extent, stride;
  };
  std::vector<Axis> axes;  // outermost first

  int64_t numel() const;
  int64_t offset(int64_t index) const;
  Walk merged() const;  // the same walk in as few axes as possible, at least one
};

template <class T>
using StridedRead = Kernel<"strided_read", T, void(const T* x, T* y, const Walk& walk)>;
template <class T>
using StridedWrite = Kernel<"strided_write", T, void(const T* x, T* y, const Walk& walk)>;

constexpr Work strided_work(int64_t n, int64_t size) { return {.flops = 0, .bytes = double(2 * n * size)}; }

}  // namespace ito::kernels
