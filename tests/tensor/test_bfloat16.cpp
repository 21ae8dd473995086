#include <doctest/doctest.h>

#include <bit>
#include <cmath>

#include "tensor/dtype.h"

using namespace ito;

namespace {
bfloat16 of_bits(uint32_t bits) {
  bfloat16 x;
  x.bits = uint16_t(bits);
  return x;
}
float float_of(uint32_t bits) { return std::bit_cast<float>(bits); }
}  // namespace

TEST_SUITE("tensor") {
  TEST_CASE("each of the 65,536 patterns of bf16 comes back from float, NaNs quiet") {
    int wrong = 0;
    for (uint32_t bits = 0; bits < 65536; ++bits) {
      const float value = float(of_bits(bits));
      const bool is_nan = (bits & 0x7fffU) > 0x7f80U;
      wrong += bfloat16(value).bits != (is_nan ? bits | 0x40U : bits) || std::isnan(value) != is_nan;
    }
    CHECK(wrong == 0);
  }

  TEST_CASE("floats between two neighbours in bf16 round to the nearer, half-way to the even one, beyond the largest to infinity") {
    int wrong = 0;
    for (uint32_t bits = 0; bits < 65536; ++bits) {
      if ((bits & 0x7fffU) >= 0x7f80U) continue;  // infinity and NaN have no neighbour above
      const uint32_t below = bits << 16, even = bits + (bits & 1U);
      wrong += bfloat16(float_of(below + 0x7fffU)).bits != bits;
      wrong += bfloat16(float_of(below + 0x8000U)).bits != even;
      wrong += bfloat16(float_of(below + 0x8001U)).bits != bits + 1;
    }
    CHECK(wrong == 0);
    CHECK(bfloat16(float_of(0x7f7fffffU)).bits == 0x7f80U);
    for (const uint32_t nan : {0x7f800001U, 0xffffffffU, 0x7fc00000U, 0xff80ffffU}) CHECK(std::isnan(float(bfloat16(float_of(nan)))));
  }
}
