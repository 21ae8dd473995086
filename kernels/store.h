// Values between the type that they are kept in and that of the arithmetic. store: a result in the type that it is kept in, for loops under `omp
// simd`: with y[i] = T(value) g++ 12 does not vectorise such a loop for bf16, as it makes an array of the bfloat16 objects between.
#pragma once

#include <algorithm>
#include <cstdint>

#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

#include "tensor/dtype.h"

namespace ito::kernels {

template <class T, class A>
void store(T& to, A value) {
  if constexpr (std::is_same_v<T, bfloat16>)
    to.bits = bfloat16(value).bits;
  else
    to = T(value);
}

// to[i] = from[i], rounded where `To` is narrower. A processor that has an instruction for it (AVX-512 BF16) takes what is below
// 2^-126 for 0, as its products of bfloat16 do (Intel SDM, VCVTNEPS2BF16).
template <class From, class To>
void convert(const From* from, int64_t n, To* to) {
  int64_t i = 0;
#ifdef __AVX512BF16__
  if constexpr (std::is_same_v<From, float> && std::is_same_v<To, bfloat16>)
    for (; i + 16 <= n; i += 16) _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), __m256i(_mm512_cvtneps_pbh(_mm512_loadu_ps(from + i))));
#endif
#pragma omp simd
  for (int64_t k = i; k < n; ++k) store(to[k], from[k]);
}

// Both rounded and in turn: to[2 i] = first[i], to[2 i + 1] = second[i].
inline void convert_pairs(const float* first, const float* second, int64_t n, bfloat16* to) {
  int64_t i = 0;
#ifdef __AVX512BF16__
  const __m512i halves = _mm512_set_epi32(0x001f000f, 0x001e000e, 0x001d000d, 0x001c000c, 0x001b000b, 0x001a000a, 0x00190009, 0x00180008, 0x00170007,
                                          0x00160006, 0x00150005, 0x00140004, 0x00130003, 0x00120002, 0x00110001, 0x00100000);
  for (; i + 16 <= n; i += 16) {
    const __m512i apart = __m512i(_mm512_cvtne2ps_pbh(_mm512_loadu_ps(second + i), _mm512_loadu_ps(first + i)));  // first in its lower half
    _mm512_storeu_si512(to + 2 * i, _mm512_permutexvar_epi16(halves, apart));
  }
#endif
#pragma omp simd
  for (int64_t k = i; k < n; ++k) {
    store(to[2 * k], first[k]);
    store(to[2 * k + 1], second[k]);
  }
}

// to[i] = value(i), worked out in A.
template <class A, class T, class Value>
void store_each(int64_t n, T* to, Value&& value) {
  if constexpr (std::is_same_v<T, bfloat16>) {
    constexpr int64_t at_once = 256;
    float values[at_once];
    for (int64_t first = 0; first < n; first += at_once) {
      const int64_t count = std::min(at_once, n - first);
#pragma omp simd
      for (int64_t i = 0; i < count; ++i) values[i] = value(first + i);
      convert(values, count, to + first);
    }
  } else {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) to[i] = T(value(i));
  }
}

}  // namespace ito::kernels
