// The products of pairs.h on registers (AVX-512 BF16) and on tiles (AMX), written over what the instructions do: pairs.cpp puts the instructions
// there, tests/kernels/test_pairs.cpp arrays, so that strides, halves and registers are right where no such processor is at hand.
#pragma once

#include "kernels/gemm/pairs.h"

#ifndef ITO_AVX512_PAIRS
#define ITO_AVX512_PAIRS [[gnu::target("avx512f,avx512bw,avx512vl,avx512bf16")]]
#endif

namespace ito::kernels::pairs {

// Registers of 16 sums and of 16 pairs. 8 rows of C at a time stay in registers; a pair of A goes to all lanes.
template <class R>
ITO_AVX512_PAIRS void multiply_registers(const Product& s) {
  constexpr int64_t rows = 8, half = block / 2;
  for (int64_t i = 0; i < block; i += rows) {
    float* c = s.c + i * s.c_stride;
    typename R::Sums sum[rows][2];
#pragma GCC unroll 8
    for (int64_t r = 0; r < rows; ++r) {
      const float* before = s.add ? c + r * s.c_stride : s.start;
      sum[r][0] = before ? R::load(before) : R::zeros();
      sum[r][1] = before ? R::load(before + half) : R::zeros();
    }
    const bfloat16* b = s.b;
    for (int64_t segment = 0; segment < s.segments; ++segment) {
      const bfloat16* a = s.a + s.a_segments[segment] + s.a_row(i);
      for (int64_t p = 0; p < s.steps * half; ++p, a += 2, b += s.b_stride) {
        const typename R::Pairs left = R::load_pairs(b), right = R::load_pairs(b + block);
#pragma GCC unroll 8
        for (int64_t r = 0; r < rows; ++r) {
          const typename R::Pairs both = R::to_all(a + r * s.a_stride);
          sum[r][0] = R::multiply(sum[r][0], both, left);
          sum[r][1] = R::multiply(sum[r][1], both, right);
        }
      }
    }
#pragma GCC unroll 8
    for (int64_t r = 0; r < rows; ++r) {
      R::store(c + r * s.c_stride, sum[r][0]);
      R::store(c + r * s.c_stride + half, sum[r][1]);
    }
  }
}

// Tiles of 16 rows of 64 bytes, strides in bytes: 0 to 3 are C, 4 and 5 the halves of A's rows, 6 and 7 those of B's columns.
template <class T>
struct Tiles {
  static constexpr int64_t half = block / 2;
  const Product& s;
  const int64_t c_bytes = s.c_stride * int64_t(sizeof(float)), a_bytes = s.a_stride * 2, b_bytes = s.b_stride * 2;
  float* lower = s.c + half * s.c_stride;

  void load_c() const {
    if (s.start) {
      T::template load<0>(s.start, 0);
      T::template load<1>(s.start + half, 0);
      T::template load<2>(s.start, 0);
      T::template load<3>(s.start + half, 0);
      return;
    }
    if (!s.add) {
      T::template zero<0>();
      T::template zero<1>();
      T::template zero<2>();
      T::template zero<3>();
      return;
    }
    T::template load<0>(s.c, c_bytes);
    T::template load<1>(s.c + half, c_bytes);
    T::template load<2>(lower, c_bytes);
    T::template load<3>(lower + half, c_bytes);
  }
  void load_a(const bfloat16* a) const {
    T::template load<4>(a, a_bytes);
    T::template load<5>(a + s.a_row(half), a_bytes);
  }
  void load_b(const bfloat16* b) const {
    T::template load<6>(b, b_bytes);
    T::template load<7>(b + block, b_bytes);
  }
  void multiply() const {
    T::template multiply<0, 4, 6>();
    T::template multiply<1, 4, 7>();
    T::template multiply<2, 5, 6>();
    T::template multiply<3, 5, 7>();
    if (s.ahead) s.ahead->some();
  }
  void store_c() const {
    T::template store<0>(s.c, c_bytes);
    T::template store<1>(s.c + half, c_bytes);
    T::template store<2>(lower, c_bytes);
    T::template store<3>(lower + half, c_bytes);
  }

  // step(a, b) for 32 of k after 32.
  template <class Step>
  void for_steps(Step&& step) const {
    const bfloat16* b = s.b;
    for (int64_t segment = 0; segment < s.segments; ++segment) {
      const bfloat16* a = s.a + s.a_segments[segment];
      for (int64_t i = 0; i < s.steps; ++i, a += block, b += half * s.b_stride) step(a, b);
    }
  }
};

template <class T>
void multiply_tiles(const Product& s) {
  const Tiles<T> tiles{s};
  tiles.load_c();
  tiles.for_steps([&](const bfloat16* a, const bfloat16* b) {
    tiles.load_a(a);
    tiles.load_b(b);
    tiles.multiply();
  });
  tiles.store_c();
}

template <class T>
void multiply_split_tiles(const Product& s) {
  const Tiles<T> tiles{s};
  tiles.load_c();
  tiles.for_steps([&](const bfloat16* a, const bfloat16* b) {
#pragma GCC unroll 6
    for (int i = 0; i < part_products; ++i) {
      const PartProduct now = part_order[i];
      if (i == 0 || now.a != part_order[i - 1].a) tiles.load_a(a + now.a * s.a_part);
      if (i == 0 || now.b != part_order[i - 1].b) tiles.load_b(b + now.b * s.b_part);
      tiles.multiply();
    }
  });
  tiles.store_c();
}

}  // namespace ito::kernels::pairs
