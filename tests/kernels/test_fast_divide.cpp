#include "kernels/cuda/fast_divide.h"

#include <doctest/doctest.h>

#include <random>

TEST_SUITE("kernels") {
  TEST_CASE("an index divided by multiplication is the quotient, for every divisor to 2,000 and at the ends of the range") {
    constexpr int64_t largest = (int64_t{1} << 31) - 1;
    std::mt19937 random(1);
    const auto right = [&](int64_t d) {
      const ito::kernels::FastDivide divide(d);
      bool all = true;
      const auto check = [&](int64_t n) { all = all && (n < 0 || n > largest || divide(int(n)) == n / d); };
      for (const int64_t multiple : {int64_t{0}, d, 2 * d, 1000 * d, largest / d * d})
        for (const int64_t off : {-1, 0, 1}) check(multiple + off);
      for (int i = 0; i < 100; ++i) check(int64_t(random() >> 1));
      check(largest);
      return all;
    };
    for (int64_t d = 1; d <= 2000; ++d) REQUIRE_MESSAGE(right(d), "divisor ", d);
    for (int shift = 11; shift < 31; ++shift)
      for (const int64_t off : {-1, 0, 1}) REQUIRE_MESSAGE(right((int64_t{1} << shift) + off), "divisor near 2^", shift);
    REQUIRE(right(largest));
  }
}
