// n / d for a d that the host knows: a multiplication and a shift, where a GPU's division takes twenty instructions. Granlund & Montgomery 1994,
// theorem 4.2, for 0 <= n < 2^31:  l = ceil(log2 d),  m = ceil(2^(31+l) / d) < 2^32,  n / d = floor(n m / 2^(31+l)), which is the upper half of
// 2 n m, shifted by l.
// A d of 0 is taken for 1: it is the extent of something empty, of which no index is ever taken apart.
#pragma once

#include <bit>
#include <cstdint>

#include "kernels/host_device.h"
#include "tensor/error.h"

namespace ito::kernels {

struct FastDivide {
  uint32_t multiplier = 1U << 31, shift = 0;

  FastDivide() = default;
  explicit FastDivide(int64_t d) {
    ITO_CHECK(d >= 0 && d < int64_t{1} << 31, "cuda kernels cannot divide an index by ", d);
    if (d == 0) return;
    shift = uint32_t(std::bit_width(uint64_t(d - 1)));
    multiplier = uint32_t(((uint64_t{1} << (31 + shift)) + uint64_t(d) - 1) / uint64_t(d));
  }
  ITO_HOST_DEVICE int operator()(int n) const { return int(upper_half(uint32_t(n) * 2, multiplier) >> shift); }

 private:
  ITO_HOST_DEVICE static uint32_t upper_half(uint32_t a, uint32_t b) {
#ifdef __CUDA_ARCH__
    return __umulhi(a, b);
#else
    return uint32_t(uint64_t(a) * b >> 32);
#endif
  }
};

}  // namespace ito::kernels
