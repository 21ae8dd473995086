// Fourier transforms of a block's lines in shared memory, for lengths without a prime factor above 7 (Stockham's ordering: no bit reversal).
//
// A stage of radix R takes the length L = R l that is left apart into R interleaved ones: with m = n / L and t = j m + b, j < l, b < m,
//   out[(R j + p) m + b] = exp(-+ 2 pi i j p / L) sum_q in[t + q n / R] exp(-+ 2 pi i p q / R)
#pragma once

#include "kernels/fft/complex.h"

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

constexpr int fft_threads = 256, longest_in_shared = 4096;

// The radices of n, four bits each, the first stage lowest; `rest` is what no radix divides.
struct FftRadices {
  uint64_t bits = 0;
  int64_t rest;
  explicit FftRadices(int64_t n) : rest(n) {
    int shift = 0;
    for (const int radix : {4, 2, 3, 5, 7})
      for (; rest % radix == 0; rest /= radix, shift += 4)
        if (shift < 64) bits |= uint64_t(radix) << shift;
  }
};

// cos and sin of 2 pi k / R for the odd radices, 0 < k < R.
constexpr double turn_cosine(int R, int k) {
  const int near = 2 * k > R ? R - k : k;
  if (R == 3) return -0.5;
  if (R == 5) return near == 1 ? 0.30901699437494742410 : -0.80901699437494742410;
  return near == 1 ? 0.62348980185873353053 : near == 2 ? -0.22252093395631440429 : -0.90096886790241912624;
}
constexpr double turn_sine(int R, int k) {
  const int near = 2 * k > R ? R - k : k;
  const double sign = 2 * k > R ? -1 : 1;
  if (R == 3) return sign * 0.86602540378443864676;
  if (R == 5) return sign * (near == 1 ? 0.95105651629515357212 : 0.58778525229247312917);
  return sign * (near == 1 ? 0.78183148246802980871 : near == 2 ? 0.97492791218182360702 : 0.43388373911755812048);
}

// x times +-i: a quarter turn forward is -i.
template <class T>
__device__ __forceinline__ Complex<T> quarter_turn(Complex<T> x, bool inverse) {
  return inverse ? Complex<T>{-x.im, x.re} : Complex<T>{x.im, -x.re};
}

// x[p] = sum_q x[q] exp(-+ 2 pi i p q / R)
template <int R, class T>
__device__ __forceinline__ void butterfly(Complex<T> (&x)[R], bool inverse) {
  if constexpr (R == 2) {
    const Complex<T> difference = x[0] - x[1];
    x[0] = x[0] + x[1];
    x[1] = difference;
  } else if constexpr (R == 4) {
    const Complex<T> even = x[0] + x[2], even_difference = x[0] - x[2], odd = x[1] + x[3], odd_difference = quarter_turn(x[1] - x[3], inverse);
    x[0] = even + odd;
    x[1] = even_difference + odd_difference;
    x[2] = even - odd;
    x[3] = even_difference - odd_difference;
  } else {  // odd: x[q] and x[R - q] meet conjugate roots
    constexpr int half = R / 2;
    Complex<T> sum[half], difference[half], first = x[0];
#pragma unroll
    for (int q = 1; q <= half; ++q) {
      sum[q - 1] = x[q] + x[R - q];
      difference[q - 1] = quarter_turn(x[q] - x[R - q], inverse);
      x[0] = x[0] + sum[q - 1];
    }
#pragma unroll
    for (int p = 1; p <= half; ++p) {
      Complex<T> even = first, odd{0, 0};
#pragma unroll
      for (int q = 1; q <= half; ++q) {
        even = even + T(turn_cosine(R, p * q % R)) * sum[q - 1];
        odd = odd + T(turn_sine(R, p * q % R)) * difference[q - 1];
      }
      x[p] = even + odd;
      x[R - p] = even - odd;
    }
  }
}

template <int R, class T>
__device__ __forceinline__ void stockham_stage(const Complex<T>* in, Complex<T>* out, int n, int lines, int l, int m, bool inverse) {
  const int quota = n / R;
  for (int i = int(threadIdx.x); i < lines * quota; i += fft_threads) {
    const int line = i / quota, t = i - line * quota, j = t / m, b = t - j * m;
    Complex<T> x[R];
#pragma unroll
    for (int q = 0; q < R; ++q) x[q] = in[line * n + t + q * quota];
    butterfly(x, inverse);
    Complex<T>* to = out + line * n + j * R * m + b;
    to[0] = x[0];
    const Complex<T> root = root_of_unity(T(j), T(R * l), inverse);
    Complex<T> power = root;
#pragma unroll
    for (int p = 1; p < R; ++p) {
      to[p * m] = x[p] * power;
      power = power * root;
    }
  }
}

// Transforms `lines` lines of n numbers in `line`, unscaled; `other` is as large. Returns the one of the two in which the result is. Barriers are
// before the first stage and after the last.
template <class T>
__device__ __forceinline__ Complex<T>* stockham(Complex<T>* line, Complex<T>* other, int n, int lines, uint64_t radices, bool inverse) {
  int l = n, m = 1;
  for (; radices != 0; radices >>= 4) {
    const int radix = int(radices & 15);
    l /= radix;
    __syncthreads();
    if (radix == 4)
      stockham_stage<4>(line, other, n, lines, l, m, inverse);
    else if (radix == 2)
      stockham_stage<2>(line, other, n, lines, l, m, inverse);
    else if (radix == 3)
      stockham_stage<3>(line, other, n, lines, l, m, inverse);
    else if (radix == 5)
      stockham_stage<5>(line, other, n, lines, l, m, inverse);
    else
      stockham_stage<7>(line, other, n, lines, l, m, inverse);
    m *= radix;
    Complex<T>* const result = other;
    other = line;
    line = result;
  }
  __syncthreads();
  return line;
}

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
