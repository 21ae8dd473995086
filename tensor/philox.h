// Philox4x32-10, a counter-based random number generator: 128 random bits are a function of a 128-bit counter and a 64-bit key,
// so that element i of a tensor has its numbers whoever computes it, in whatever order. Salmon et al. 2011, "Parallel random
// numbers: as easy as 1, 2, 3". Plain inline code: the same header serves CUDA kernels.
#pragma once

#include <array>
#include <cstdint>

#include "kernels/host_device.h"

namespace ito {

using PhiloxCounter = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

ITO_HOST_DEVICE constexpr PhiloxCounter philox(PhiloxCounter counter, PhiloxKey key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t(0xD2511F53U) * counter[0], b = uint64_t(0xCD9E8D57U) * counter[2];
    counter = {uint32_t(b >> 32) ^ counter[1] ^ key[0], uint32_t(b), uint32_t(a >> 32) ^ counter[3] ^ key[1], uint32_t(a)};
    key = {key[0] + 0x9E3779B9U, key[1] + 0xBB67AE85U};  // Weyl sequence: golden ratio, sqrt(3) - 1
  }
  return counter;
}

}  // namespace ito
