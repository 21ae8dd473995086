// Matrix products of bfloat16 on the instructions that processors have for them: they take pairs of neighbours in k, and sum in f32,
//   c[i][j] += a[i][2p] b[2p][j] + a[i][2p + 1] b[2p + 1][j].
// AMX multiplies tiles of 16 x 32 by 32 x 16 (Intel SDM, TDPBF16PS), AVX-512 BF16 registers of 16 pairs (VDPBF16PS); which of them there is is asked
// at run time. Elsewhere loops do the same, so that everything above them runs, and is tested, on any machine.
//
// A lies in rows, its pairs as they are. B lies in rows of pairs: (b[0][0], b[1][0]), (b[0][1], b[1][1]), ..., then those of b[2] and b[3].
//
// A float has 24 bits, three bfloat16 of 8 bits each hold it, x = x_0 + x_1 + x_2 (split.h), and of the products of two such sums
//   a b = a_0 b_0 + a_0 b_1 + a_1 b_0 + a_0 b_2 + a_1 b_1 + a_2 b_0 + ...
// the rest is below the rounding of f32 (Henry, Tang & Heinecke 2019, "Leveraging the bfloat16 artificial intelligence datatype for higher-precision
// computations"). Tiles make the six in less time than registers of floats make the one.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "kernels/gemm/ahead.h"
#include "tensor/dtype.h"

namespace ito::kernels::pairs {

constexpr int64_t block = 32;  // rows and columns of C worked out at a time, and the unit of k: other sizes are filled up with zeros
constexpr int64_t whole_blocks(int64_t n) { return (n + block - 1) / block * block; }  // n, filled up

// C (32, 32) = start + the sum over segments of k of A (32, 32 steps) B (32 steps, 32), or C += that sum. Rows past the end of a matrix must be there
// to be read.
struct Product {
  const bfloat16* a;
  int64_t a_stride;           // from row to row
  int64_t a_gap = 0;          // how much further on than that the lower 16 rows begin, so that they may lie elsewhere
  const int64_t* a_segments;  // where the rows of each segment begin, from a
  int64_t segments, steps;    // steps of 32 of k, in each segment
  const bfloat16* b;
  int64_t b_stride;  // from one row of pairs to the next, also between segments
  float* c;
  int64_t c_stride;
  bool add;
  const float* start = nullptr;    // a row of 32 (a bias) for all rows; nothing: 0
  int parts = 1;                   // or 3: A and B are floats, the six products of their parts are added
  int64_t a_part = 0, b_part = 0;  // how far the second part of A and of B lies from the first, and the third from it
  Ahead* ahead = nullptr;          // on tiles: some() for every 32 of k, of each product of parts
  int64_t a_row(int64_t i) const { return i * a_stride + (i < block / 2 ? 0 : a_gap); }
};

// What a number is kept as.
template <class T>
constexpr int parts_of = std::is_same_v<T, float> ? 3 : 1;
template <class T>
constexpr int products_of = std::is_same_v<T, float> ? 6 : 1;

// The parts that are multiplied, of A and of B: from one to the next only one of them changes. Small products come first.
constexpr int part_products = products_of<float>;
struct PartProduct {
  int a, b;
};
constexpr PartProduct part_order[part_products] = {{2, 0}, {1, 0}, {1, 1}, {0, 1}, {0, 2}, {0, 0}};

enum class Unit { loops, avx512, amx };
Unit unit();  // the fastest of this processor and operating system; ITO_PAIRS=loops (or avx512) asks for less
std::string_view name_of(Unit unit);

// One for each task that multiplies: AMX's registers need to be set up by each thread, and are given back.
class Multiplier {
 public:
  Multiplier();
  ~Multiplier();
  Multiplier(const Multiplier&) = delete;
  Multiplier& operator=(const Multiplier&) = delete;
  void operator()(const Product& product) const { (product.parts == 1 ? multiply_ : multiply_split_)(product); }

 private:
  void (*multiply_)(const Product&);
  void (*multiply_split_)(const Product&);
};

// A pair as one value, which the vectors of vector.h move.
struct Pair {
  bfloat16 first, second;
};
inline const Pair* as_pairs(const bfloat16* from) { return reinterpret_cast<const Pair*>(from); }
inline Pair* as_pairs(bfloat16* to) { return reinterpret_cast<Pair*>(to); }

// How matrices get there, of bfloat16 here, of floats in split.h: part p of a result lies p * part further on. A's rows: to[r * to_stride + c].
void copy(const bfloat16* from, int64_t distance, int64_t rows, int64_t columns, bfloat16* to, int64_t to_stride, int64_t part = 0);

// B's rows of pairs from `rows` rows of `columns` values, `distance` apart: to[(r / 2) * to_stride + 2 c + r % 2]. An odd last row meets zeros.
void interleave(const bfloat16* from, int64_t distance, int64_t rows, int64_t columns, bfloat16* to, int64_t to_stride, int64_t part = 0);

// The same from rows that are B's columns: to[(c / 2) * to_stride + 2 r + c % 2] = from[r * distance + c].
void interleave_turned(const bfloat16* from, int64_t distance, int64_t rows, int64_t columns, bfloat16* to, int64_t to_stride, int64_t part = 0);

// Rows become columns: to[c * to_stride + r] = from[r * distance + c].
void turn(const bfloat16* from, int64_t distance, int64_t rows, int64_t columns, bfloat16* to, int64_t to_stride, int64_t part = 0);

}  // namespace ito::kernels::pairs
