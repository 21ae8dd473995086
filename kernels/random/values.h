// Element `index` of a draw, as random.h defines it, with the same bits on every device. Only + - * / sqrt and fma are used, which IEEE 754 rounds
// everywhere alike, and a product that something is added to is always an fma, as compilers are free to make it one. The logarithm and the cosine are
// series, within 3 units in the last place: those of the libraries differ from each other.
#pragma once

#include <bit>
#include <cmath>
#include <numbers>

#include "kernels/random/random.h"

namespace ito::kernels {

// c0 + c1 z + c2 z^2 + ...
ITO_HOST_DEVICE inline double series(double, double c) { return c; }
template <class... C>
ITO_HOST_DEVICE inline double series(double z, double c, C... higher) {
  return std::fma(z, series(z, higher...), c);
}

// ln(n 2^-32) for 1 <= n <= 2^32: with n = 2^e m, sqrt(1/2) <= m < sqrt(2), and s = (m - 1) / (m + 1),
// ln n = e ln 2 + 2 (s + s^3/3 + s^5/5 + ...).
ITO_HOST_DEVICE inline double log_of_share(uint64_t n) {
  const auto bits = std::bit_cast<uint64_t>(double(n));
  double m = std::bit_cast<double>((bits & 0xfffffffffffffU) | 0x3ff0000000000000U);
  int e = int(bits >> 52) - 1023 - 32;
  if (m > std::numbers::sqrt2) {
    m *= 0.5;
    ++e;
  }
  const double s = (m - 1) / (m + 1), z = s * s;
  const double sum = series(z, 2.0, 2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9, 2.0 / 11, 2.0 / 13, 2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21);
  return std::fma(double(e), std::numbers::ln2, s * sum);
}

// cos(2 pi n 2^-32), by Taylor's series in the angle to the next quarter of a turn.
ITO_HOST_DEVICE inline double cosine_of_share(uint32_t n) {
  const uint32_t quarter = (n + (1U << 29)) >> 30;  // 4 is a whole turn
  const double t = double(int32_t(n - (quarter << 30))) * (2 * std::numbers::pi * 0x1p-32), z = t * t;
  const bool is_sine = quarter & 1;
  const double cosine =
      series(z, 1.0, -1.0 / 2, 1.0 / 24, -1.0 / 720, 1.0 / 40320, -1.0 / 3628800, 1.0 / 479001600, -1.0 / 87178291200, 1.0 / 20922789888000);
  const double sine = t * series(z, 1.0, -1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880, -1.0 / 39916800, 1.0 / 6227020800, -1.0 / 1307674368000,
                                 1.0 / 355687428096000);
  const double value = is_sine ? sine : cosine;
  return quarter == 1 || quarter == 2 ? -value : value;
}

template <class T>
ITO_HOST_DEVICE inline T uniform_value(RandomKey key, int64_t index, double low, double high) {
  const double u = double(random_bits(key, index)[0] >> 8) * 0x1p-24;
  return T(std::fma(high - low, u, low));
}

template <class T>
ITO_HOST_DEVICE inline T normal_value(RandomKey key, int64_t index) {
  const PhiloxCounter bits = random_bits(key, index);
  return T(std::sqrt(-2 * log_of_share(uint64_t(bits[0]) + 1)) * cosine_of_share(bits[1]));
}

template <class T>
ITO_HOST_DEVICE inline T randint_value(RandomKey key, int64_t index, int64_t low, int64_t high) {
  const PhiloxCounter bits = random_bits(key, index);
  const uint64_t r = uint64_t(bits[1]) << 32 | bits[0], range = uint64_t(high) - uint64_t(low);
  const uint64_t upper = (r >> 32) * range, lower = (r & 0xffffffffU) * range;  // (r * range) >> 64 for ranges below 2^32
  return T(low + int64_t((upper + (lower >> 32)) >> 32));
}

}  // namespace ito::kernels
