// Dropout (Srivastava et al. 2014), scaled at training time: y[i] = x[i] / (1 - p) where u[i] >= p, else 0; u[i] in [0, 1) is element i of the
// uniform draw `key` (kernels/random/random.h). Its own gradient: the same draw applied to dy. y is overwritten and may be x.
#pragma once

#include "kernels/random/random.h"
#include "kernels/work.h"

namespace ito::kernels {

template <class T>
using Dropout = Kernel<"dropout", T, void(const T* x, T* y, int64_t n, double p, RandomKey key)>;

constexpr Work dropout_work(int64_t n, int64_t size) { return {.flops = double(n), .bytes = double(2 * n * size)}; }

}  // namespace ito::kernels
