#include "kernels/gemm/split.h"

#include <algorithm>

#include "kernels/gemm/pairs.h"
#include "kernels/parallel.h"
#include "kernels/vector.h"

namespace ito::kernels::pairs {

namespace {

using Floats = Vector<float>;
using Bits = VectorTypes<float>::Bits;
constexpr int64_t lanes = VectorTypes<float>::lanes;
constexpr int parts = parts_of<float>;

// Lane by lane the pairs (first, second) of each part.
[[gnu::always_inline]] inline void split_pairs(Floats first, Floats second, Floats (&pairs)[parts]) {
  constexpr uint32_t upper = 0xffff0000U, half = 0x8000U;
  for (int part = 0; part < parts; ++part) {
    const uint32_t rounding = part < parts - 1 ? half : 0;  // the last is exact
    const Bits a = (Bits(first) + rounding) & upper, b = (Bits(second) + rounding) & upper;
    pairs[part] = Floats((a >> 16) | b);
    first -= Floats(a);
    second -= Floats(b);
  }
}

template <int parity, size_t... i>
Floats every_second(const Floats& a, const Floats& b, std::index_sequence<i...>) {
  return __builtin_shufflevector(a, b, int(2 * i) + parity...);
}

// Neighbours in a row are a pair; the first `columns` of 2 * lanes count. In line, as functions that give vectors back do so through memory.
[[gnu::always_inline]] inline void split_row(const float* row, int64_t columns, Floats (&pairs)[parts]) {
  const Floats a = load_vector<float>(row, std::min(columns, lanes)),
               b = columns > lanes ? load_vector<float>(row + lanes, std::min(columns - lanes, lanes)) : Floats{};
  constexpr auto indices = std::make_index_sequence<size_t(lanes)>();
  split_pairs(every_second<0>(a, b, indices), every_second<1>(a, b, indices), pairs);
}

// The first `count` of 2 * lanes values.
[[gnu::always_inline]] inline void store_pairs(const Floats& pairs, int64_t count, bfloat16* to) {
  if (count == 2 * lanes) return store_vector<float>(pairs, as_pairs(to));
  for (int64_t i = 0; i < count; ++i) to[i].bits = uint16_t(Bits(pairs)[i / 2] >> 16 * (i % 2));
}

// `lanes` rows of pairs become columns; of each new row the first `count` values are stored, of the new rows `rows`.
void store_turned(Floats (&line)[lanes], int64_t rows, int64_t count, bfloat16* to, int64_t to_stride) {
  transpose_vectors<float>(line);
  for (int64_t i = 0; i < rows; ++i) store_pairs(line[i], count, to + i * to_stride);
}

}  // namespace

void copy(const float* from, int64_t distance, int64_t rows, int64_t columns, bfloat16* to, int64_t to_stride, int64_t part) {
  const int64_t whole = columns / (2 * lanes) * 2 * lanes;
  const auto one = [&](int64_t r, int64_t c, int64_t count) {
    Floats pairs[parts];
    split_row(from + r * distance + c, count, pairs);
    for (int p = 0; p < parts; ++p) store_pairs(pairs[p], count, to + r * to_stride + c + p * part);
  };
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < whole; c += 2 * lanes) one(r, c, 2 * lanes);
    if (whole < columns) one(r, whole, columns - whole);
  }
}

void turn(const float* from, int64_t distance, int64_t rows, int64_t columns, bfloat16* to, int64_t to_stride, int64_t part) {
  for (int64_t r = 0; r < rows; r += 2 * lanes)
    for (int64_t c = 0; c < columns; c += lanes) {
      const int64_t height = std::min(2 * lanes, rows - r), width = std::min(lanes, columns - c);
      Floats lines[parts][lanes];
      for (int64_t i = 0; i < lanes; ++i) {
        const float* row = from + (r + 2 * i) * distance + c;
        Floats pairs[parts];
        split_pairs(2 * i < height ? load_vector<float>(row, width) : Floats{},
                    2 * i + 1 < height ? load_vector<float>(row + distance, width) : Floats{}, pairs);
        for (int p = 0; p < parts; ++p) lines[p][i] = pairs[p];
      }
      for (int p = 0; p < parts; ++p) store_turned(lines[p], width, ceil_div(height, 2) * 2, to + c * to_stride + r + p * part, to_stride);
    }
}

void interleave(const float* from, int64_t distance, int64_t rows, int64_t columns, bfloat16* to, int64_t to_stride, int64_t part) {
  const int64_t whole_rows = rows / 2 * 2, whole = columns / lanes * lanes;
  const auto one = [&](int64_t r, int64_t c, bool both, int64_t width) {
    const float* row = from + r * distance + c;
    Floats pairs[parts];
    split_pairs(load_vector<float>(row, width), both ? load_vector<float>(row + distance, width) : Floats{}, pairs);
    for (int p = 0; p < parts; ++p) store_pairs(pairs[p], 2 * width, to + r / 2 * to_stride + 2 * c + p * part);
  };
  for (int64_t r = 0; r < rows; r += 2) {
    if (r < whole_rows)
      for (int64_t c = 0; c < whole; c += lanes) one(r, c, true, lanes);
    for (int64_t c = r < whole_rows ? whole : 0; c < columns; c += lanes) one(r, c, r < whole_rows, std::min(lanes, columns - c));
  }
}

void interleave_turned(const float* from, int64_t distance, int64_t rows, int64_t columns, bfloat16* to, int64_t to_stride, int64_t part) {
  for (int64_t r = 0; r < rows; r += lanes)
    for (int64_t c = 0; c < columns; c += 2 * lanes) {
      const int64_t height = std::min(lanes, rows - r), width = std::min(2 * lanes, columns - c);
      Floats lines[parts][lanes] = {};
      for (int64_t i = 0; i < height; ++i) {
        Floats pairs[parts];
        split_row(from + (r + i) * distance + c, width, pairs);
        for (int p = 0; p < parts; ++p) lines[p][i] = pairs[p];
      }
      for (int p = 0; p < parts; ++p) store_turned(lines[p], ceil_div(width, 2), 2 * height, to + c / 2 * to_stride + 2 * r + p * part, to_stride);
    }
}

}  // namespace ito::kernels::pairs
