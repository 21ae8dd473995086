// exp, log, tanh, the sigmoid, sin, cos, erf and the normal distribution for loops that must be vectorised: no branches, no calls, no tables. float
// only; the double overloads are the standard library's. Polynomials of the first four: Cephes (Moshier), single precision; of the others: minimax,
// by Remez's algorithm. Errors over the whole range, measured by tests/kernels/test_vecmath.cpp: exp 2 ulp, log 2 ulp, tanh 4 ulp, sigmoid 4 ulp, sin
// and cos 2 ulp up to sin_cos_limit and never beyond -1 and 1, erf 3 ulp,
// normal 4 units of 2^-23 (1 + x^2/2); NaN, infinities and overflow as in std::.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace ito::kernels {

inline double exp_fast(double x) { return std::exp(x); }
inline double log_fast(double x) { return std::log(x); }
inline double tanh_fast(double x) { return std::tanh(x); }
inline double sigmoid_fast(double x) { return 1 / (1 + std::exp(-x)); }
inline double sin_fast(double x) { return std::sin(x); }
inline double cos_fast(double x) { return std::cos(x); }
inline double erf_fast(double x) { return std::erf(x); }

// 2^n for -126 <= n <= 127.
inline float power_of_two(int32_t n) { return std::bit_cast<float>((n + 127) << 23); }

// exp(x) = 2^n exp(r), n = round(x / ln 2), |r| <= ln(2)/2. ln 2 is taken off in two parts so that r keeps its low bits. Returns exp(r);
// n = shifted - exp_magic, and n is in the low bits of `shifted`, too.
constexpr float exp_magic = 12582912.0f;  // 1.5 * 2^23: adding and taking it off rounds to an integer
inline float exp_reduced(float x, float& shifted) {
  shifted = x * 1.44269504088896341f + exp_magic;
  const float n = shifted - exp_magic, r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return p * r * r + r + 1.0f;
}

inline float exp_fast(float x) {
  constexpr float low = -104.0f, high = 88.8f;  // beyond: 0 and inf in f32
  float shifted;
  const float p = exp_reduced(x < low ? low : (x > high ? high : x), shifted), n = shifted - exp_magic;
  const int32_t whole = int32_t(n == n ? n : 0.0f), half = whole >> 1;  // in two steps: 2^-149 and 2^128 are out of one float's range
  const float result = p * power_of_two(half) * power_of_two(whole - half);
  return x != x ? x : result;
}

// exp(x) for x up to 88, in half the steps: 2^n is made of the bits of `shifted`, and what would be less than 2^-126 is 0.
inline double exp_bounded(double x) { return std::exp(x); }
inline float exp_bounded(float x) {
  float shifted;
  const float p = exp_reduced(x, shifted);
  return x < -87.3f ? 0.0f : p * std::bit_cast<float>((std::bit_cast<uint32_t>(shifted) + 127U) << 23);
}

// log(x) = e ln 2 + log(m), m in [sqrt(1/2), sqrt(2)).
inline float log_fast(float x) {
  const bool subnormal = x < 1.17549435e-38f;
  const float scaled = subnormal ? x * 8388608.0f : x;
  const int32_t shifted = int32_t(std::bit_cast<uint32_t>(scaled) - 0x3f3504f3U);  // m = 1 starts at sqrt(1/2)
  const float e = float(shifted >> 23) - (subnormal ? 23.0f : 0.0f);
  const float m = std::bit_cast<float>((shifted & 0x007fffff) + 0x3f3504f3) - 1.0f;
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  const float z = m * m;
  const float result = (m * z * p + e * -2.12194440e-4f) - 0.5f * z + m + e * 0.693359375f;
  constexpr float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  return x > 0 ? (x == inf ? inf : result) : (x == 0 ? -inf : nan);
}

// Near 0 an odd polynomial, elsewhere 1 - 2 / (exp(2|x|) + 1).
inline float tanh_fast(float x) {
  const float a = std::abs(x), z = x * x;
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  const float near = p * z * x + x;
  const float far = 1.0f - 2.0f / (exp_fast(2.0f * a) + 1.0f);
  const float result = a < 0.625f ? near : std::copysign(far, x);
  return x != x ? x : result;
}

// From -88.8 on, where exp_bounded gives infinity, 0.
inline float sigmoid_fast(float x) { return 1.0f / (1.0f + exp_bounded(x < -88.8f ? 88.8f : -x)); }

// Up to here sin_fast and cos_fast of a float are right; a loop that may meet what is beyond asks std::.
constexpr float sin_cos_limit = 8192.0f;

// x = (m + shift) pi + r with m whole, its lowest bit in that of `m`, and |r| <= pi/2; returns r. (m + shift) pi is taken off in parts (Cody & Waite
// 1980, chapter 8). Multiplied and added in one, three parts of 24 bits do: the first comes so close to x that the difference is a float. Else two in
// double, the first of 27 bits, so that its product is exact.
template <bool cosine>
inline float without_turns(float x, uint32_t& m) {
  constexpr float shift = cosine ? 0.5f : 0.0f;
#ifdef __FMA__
  const float rounded = (cosine ? std::fma(x, 0.318309886f, -shift) : x * 0.318309886f) + exp_magic, turns = (rounded - exp_magic) + shift;
  m = std::bit_cast<uint32_t>(rounded);
  return std::fma(-turns, -3.43024902e-15f, std::fma(-turns, -8.74227766e-08f, std::fma(-turns, 3.14159274f, x)));
#else
  constexpr double magic = 6755399441055744.0;  // as exp_magic: 1.5 * 2^52
  const double wide = double(x), rounded = (wide * 0.31830988618379067 - double(shift)) + magic, turns = (rounded - magic) + double(shift);
  m = uint32_t(std::bit_cast<uint64_t>(rounded));
  return float((wide - turns * 3.141592651605606) - turns * 1.984187159361081e-9);
#endif
}

// sin((m + shift) pi + r) is sin(r) but for its sign.
template <bool cosine>
inline float sin_reduced(float x) {
  uint32_t m;
  const float rest = without_turns<cosine>(x, m);
  const uint32_t odd = m + (cosine ? 1 : 0);  // cos: m pi + pi/2 + r gives -sin(r) for an even m
  const float r = std::bit_cast<float>(std::bit_cast<uint32_t>(rest) ^ (odd << 31)), z = r * r;
  float p = 2.60559048896e-6f;
  p = p * z - 1.98095216039e-4f;
  p = p * z + 8.3330652084e-3f;
  p = p * z - 1.66666595132e-1f;
  const float wave = p * z * r + r;
  return wave > 1.0f ? 1.0f : (wave < -1.0f ? -1.0f : wave);
}
inline float sin_fast(float x) { return sin_reduced<false>(x); }
inline float cos_fast(float x) { return sin_reduced<true>(x); }

// Near 0 an odd polynomial, elsewhere 1 - exp(p(|x|)) with p close to log(1 - erf); 1 from 4 on.
inline float erf_fast(float x) {
  const float a = std::abs(x), t = a < 4.0f ? a : 4.0f, z = x * x;
  float p = -6.09035937414e-4f;
  p = p * z + 5.01196272371e-3f;
  p = p * z - 2.67789088715e-2f;
  p = p * z + 1.12821408114e-1f;
  p = p * z - 3.76125232762e-1f;
  p = p * z + 1.1283791538f;
  float q = 1.97179192972e-4f;
  q = q * t - 3.05558484361e-3f;
  q = q * t + 2.22770049031e-2f;
  q = q * t - 1.04037205919e-1f;
  q = q * t - 6.3705991015e-1f;
  q = q * t - 1.12774947925f;
  q = q * t - 1.77512567475e-4f;
  float shifted;
  const float exp_r = exp_reduced(q, shifted), rest = exp_r * power_of_two(int32_t(shifted - exp_magic));  // -18 < q < 0.1
  const float result = a < 0.9f ? p * x : std::copysign(1.0f - rest, x);
  return x != x ? x : result;
}

// Density and distribution function of the normal distribution: with phi(x) = exp(-x^2/2) / sqrt(2 pi), Phi(-|x|) = exp(-x^2/2) k p(k),
// k = 1 / (1 + 0.26 |x|), a form of Hastings 1955 (Abramowitz & Stegun 26.2.17) with a longer polynomial. Beyond 13.2 both are 0 or 1.
template <class A>
struct Normal {
  A density, distribution;
};
inline Normal<double> normal_fast(double x) { return {std::exp(-0.5 * x * x) * 0.39894228040143268, 0.5 * std::erfc(-x * 0.70710678118654752)}; }
inline Normal<float> normal_fast(float x) {
  const float power = exp_bounded(-0.5f * x * x), k = 1.0f / (1.0f + 0.26f * std::abs(x));
  float p = 0.03089609f;
  p = p * k - 0.1547402f;
  p = p * k + 0.25546659f;
  p = p * k - 0.15553589f;
  p = p * k + 0.16415246f;
  p = p * k + 0.04964248f;
  p = p * k + 0.10339134f;
  p = p * k + 0.10296493f;
  p = p * k + 0.10376219f;
  const float tail = power * (p * k);
  return {power * 0.398942280f, x > 0.0f ? 1.0f - tail : tail};
}

}  // namespace ito::kernels
