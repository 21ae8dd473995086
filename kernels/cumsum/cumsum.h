// Running sums along an axis. x, y (outer, extent, inner), y overwritten, may be x.
//   y[o,i,c] = sum_{j <= i} x[o,j,c]       backwards: sum_{j >= i}, which is the gradient of the former
#pragma once

#include "kernels/registry.h"
#include "kernels/work.h"

namespace ito::kernels {

struct CumsumShape {
  int64_t outer = 1, extent = 0, inner = 1;
  bool backwards = false;
};

template <class T>
using Cumsum = Kernel<"cumsum", T, void(const T* x, T* y, const CumsumShape& shape)>;

constexpr Work cumsum_work(int64_t n, int64_t size) { return {.flops = double(n), .bytes = double(2 * n * size)}; }

}  // namespace ito::kernels
