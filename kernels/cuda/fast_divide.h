// n / d for a d that the host knows: a multiplication and a shift, a tenth of a GPU's division. Granlund & Montgomery 1994, theorem 4.2, for 0 <= n <
// 2^31:
//   l = ceil(log2 d),  m = ceil(2^(31+l) / d) < 2^32,  n / d = floor(n m / 2^(31+l))
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "kernels/host_device.h"
#include "tensor/error.h"

namespace ito::kernels {

struct FastDivide {
  uint32_t multiplier = 1U << 31, shift = 31;

  FastDivide() = default;
  explicit FastDivide(int64_t d) {
    ITO_CHECK(d >= 0 && d < int64_t{1} << 31, "cuda kernels cannot divide an index by ", d);
    const uint64_t divisor = std::max<int64_t>(1, d);
    shift = 31 + uint32_t(std::bit_width(divisor - 1));
    multiplier = uint32_t(((uint64_t{1} << shift) + divisor - 1) / divisor);
  }
  ITO_HOST_DEVICE int operator()(int n) const { return int(uint64_t(uint32_t(n)) * multiplier >> shift); }
};

}  // namespace ito::kernels
