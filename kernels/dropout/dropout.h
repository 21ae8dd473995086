// Dropout (Srivastava et al. 2014), scaled at training time: y[i] = x[i] / (1 - p) where u[i] >= p, else 0; u[i] in [0, 1) is element i of the
// uniform draw `key` (kernels/random/random.h). Its own gradient: the same draw applied to dy. y is overwritten and may be x.
#pragma once

#include <cmath>

#include "kernels/random/random.h"
#include "kernels/work.h"

namespace ito::kernels {

// u >= p where the 24 bits of u, as a number, are not below this.
inline uint32_t dropout_threshold(double p) { return uint32_t(std::ceil(p * 0x1p24)); }

template <class T>
ITO_HOST_DEVICE inline T dropout_value(T x, RandomKey key, int64_t index, uint32_t threshold, accumulate_t<T> scale) {
  return (random_bits(key, index)[0] >> 8) >= threshold ? T(accumulate_t<T>(x) * scale) : T(0.0f);
}

template <class T>
using Dropout = Kernel<"dropout", T, void(const T* x, T* y, int64_t n, double p, RandomKey key)>;

constexpr Work dropout_work(int64_t n, int64_t size) { return {.flops = double(n), .bytes = double(2 * n * size)}; }

}  // namespace ito::kernels
