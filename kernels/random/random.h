// Random numbers by element index: y[i] is made of philox(counter = {index low, index high, call, stream}, key = seed), index = first + i.
//   uniform   low + (high - low) u, u = (24 upper bits) 2^-24 in [0, 1). In bf16 the largest are rounded up to `high`.
//   normal    sqrt(-2 ln u1) cos(2 pi u2), u1 = (r0 + 1) 2^-32 in (0, 1], u2 = r1 2^-32. Box & Muller 1958. Computed in double and rounded once.
//   randint   low + floor((high - low) r / 2^64), r of 64 bits; the bias is below (high - low) / 2^64
// y is overwritten. The bits are the same on every device (values.h).
#pragma once

#include "kernels/registry.h"
#include "tensor/philox.h"

namespace ito::kernels {

struct RandomKey {
  uint64_t seed;
  uint32_t stream, call;
};

template <class T>
using Uniform = Kernel<"uniform", T, void(T* y, int64_t n, RandomKey key, int64_t first, double low, double high)>;
template <class T>
using Normal = Kernel<"normal", T, void(T* y, int64_t n, RandomKey key, int64_t first)>;
template <class T>
using Randint = Kernel<"randint", T, void(T* y, int64_t n, RandomKey key, int64_t first, int64_t low, int64_t high)>;

ITO_HOST_DEVICE inline PhiloxCounter random_bits(RandomKey key, int64_t index) {
  return philox({uint32_t(uint64_t(index)), uint32_t(uint64_t(index) >> 32), key.call, key.stream}, {uint32_t(key.seed), uint32_t(key.seed >> 32)});
}

}  // namespace ito::kernels
