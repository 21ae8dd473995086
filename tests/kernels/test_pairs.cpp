// Whole numbers that bfloat16 holds make sums that f32 holds, in any order: kernels on pairs of bfloat16 give the very bits of the definition.
#define ITO_AVX512_PAIRS  // arrays need no instructions
#include "kernels/gemm/pairs_units.h"

#include <doctest/doctest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/conv2d/conv2d.h"
#include "kernels/gemm/split.h"
#include "kernels/matmul/matmul.h"

using namespace ito;
using namespace ito::kernels;

namespace {

std::vector<bfloat16> whole_numbers(int64_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<bfloat16> numbers;
  for (int64_t i = 0; i < count; ++i) numbers.emplace_back(float(int(generator() % 7) - 3));
  return numbers;
}

int64_t differences(const std::vector<bfloat16>& a, const std::vector<bfloat16>& b) {
  int64_t count = 0;
  for (size_t i = 0; i < a.size(); ++i) count += float(a[i]) != float(b[i]);
  return count;
}

// Calls both variants with a buffer of `size` for the result, filled with what must be overwritten.
template <class K, class Call>
int64_t compare(int64_t size, Call&& call) {
  std::vector<bfloat16> expected(size_t(size), bfloat16(99.0f)), found(size_t(size), bfloat16(77.0f));
  call(K::named(Device::cpu, "reference"), expected.data());
  call(K::named(Device::cpu, "pairs"), found.data());
  return differences(expected, found);
}

// c += a[0] b[0] + a[1] b[1], as VDPBF16PS.
float add_pair(float c, const bfloat16* a, const bfloat16* b) { return (c + float(a[0]) * float(b[0])) + float(a[1]) * float(b[1]); }

struct ArraysForRegisters {
  using Sums = std::array<float, 16>;
  using Pairs = std::array<bfloat16, 32>;
  static Sums zeros() { return {}; }
  static Sums load(const float* from) {
    Sums sums;
    std::copy_n(from, 16, sums.begin());
    return sums;
  }
  static void store(float* to, const Sums& sums) { std::copy(sums.begin(), sums.end(), to); }
  static Pairs load_pairs(const bfloat16* from) {
    Pairs pairs;
    std::copy_n(from, 32, pairs.begin());
    return pairs;
  }
  static Pairs to_all(const bfloat16* pair) {
    Pairs all;
    for (size_t i = 0; i < 16; ++i) all[2 * i] = pair[0], all[2 * i + 1] = pair[1];
    return all;
  }
  static Sums multiply(Sums sums, const Pairs& a, const Pairs& b) {
    for (size_t i = 0; i < 16; ++i) sums[i] = add_pair(sums[i], &a[2 * i], &b[2 * i]);
    return sums;
  }
};

// The overload for floats.
using Layout = void(const float*, int64_t, int64_t, int64_t, bfloat16*, int64_t, int64_t);
Layout* layout(Layout* of_floats) { return of_floats; }

// Tiles of 16 rows of 64 bytes.
struct ArraysForTiles {
  static inline std::byte tiles[8][16][64];
  template <int tile>
  static void zero() {
    std::memset(tiles[tile], 0, sizeof tiles[tile]);
  }
  template <int tile>
  static void load(const void* from, int64_t bytes) {
    for (int64_t row = 0; row < 16; ++row) std::memcpy(tiles[tile][row], static_cast<const std::byte*>(from) + row * bytes, 64);
  }
  template <int tile>
  static void store(void* to, int64_t bytes) {
    for (int64_t row = 0; row < 16; ++row) std::memcpy(static_cast<std::byte*>(to) + row * bytes, tiles[tile][row], 64);
  }
  template <int c, int a, int b>
  static void multiply() {
    for (size_t m = 0; m < 16; ++m)
      for (size_t n = 0; n < 16; ++n) {
        float sums[2] = {}, sum = 0;
        for (size_t k = 0; k < 16; ++k) {
          bfloat16 left[2], right[2];
          std::memcpy(left, tiles[a][m] + 4 * k, 4);
          std::memcpy(right, tiles[b][k] + 4 * n, 4);
          for (size_t i = 0; i < 2; ++i) sums[i] += float(left[i]) * float(right[i]);
        }
        std::memcpy(&sum, tiles[c][m] + 4 * n, 4);
        sum += sums[0] + sums[1];
        std::memcpy(tiles[c][m] + 4 * n, &sum, 4);
      }
  }
};

std::vector<float> starting_row() {
  std::vector<float> row(32);
  for (size_t j = 0; j < row.size(); ++j) row[j] = float(j) - 7.0f;
  return row;
}

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("registers, tiles and loops make the same product of a block, with segments, strides, a gap, sums to add to or a row to start from") {
    constexpr int64_t a_stride = 80, a_gap = 5 * a_stride + 2, b_stride = 70, c_stride = 37, steps = 2;
    const auto a = whole_numbers(46 * a_stride, 1), b = whole_numbers(4 * 16 * steps * b_stride, 2);
    const int64_t segments[] = {0, 3 * a_stride + 2, a_stride};
    const std::vector<float> row = starting_row();
    for (const auto& [add, start] : {std::pair<bool, const float*>{false, nullptr}, {true, nullptr}, {false, row.data()}}) {
      std::vector<float> expected(32 * c_stride, 5.0f), registers = expected, tiles = expected, chosen = expected;
      for (int64_t i = 0; i < 32; ++i)
        for (int64_t j = 0; j < 32; ++j) {
          float sum = add ? 5.0f : start ? start[j] : 0.0f;
          for (int64_t segment = 0; segment < 3; ++segment)
            for (int64_t k = 0; k < 32 * steps; ++k)
              sum += float(a[size_t(segments[segment] + i * a_stride + (i < 16 ? 0 : a_gap) + k)]) *
                     float(b[size_t((segment * 16 * steps + k / 2) * b_stride + 2 * j + k % 2)]);
          expected[size_t(i * c_stride + j)] = sum;
        }
      pairs::Product product{.a = a.data(),
                             .a_stride = a_stride,
                             .a_gap = a_gap,
                             .a_segments = segments,
                             .segments = 3,
                             .steps = steps,
                             .b = b.data(),
                             .b_stride = b_stride,
                             .c = registers.data(),
                             .c_stride = c_stride,
                             .add = add,
                             .start = start};
      pairs::multiply_registers<ArraysForRegisters>(product);
      CHECK(registers == expected);
      product.c = tiles.data();
      pairs::multiply_tiles<ArraysForTiles>(product);
      CHECK(tiles == expected);
      product.c = chosen.data();
      pairs::Multiplier()(product);
      CHECK(chosen == expected);
    }
  }

  TEST_CASE("six products of the parts of A and of B, on tiles and one after the other") {
    constexpr int64_t a_stride = 80, b_stride = 70, c_stride = 37, steps = 2, a_part = 33 * a_stride, b_part = 33 * b_stride, segment = 5;
    const auto a = whole_numbers(3 * a_part + segment, 1), b = whole_numbers(3 * b_part, 2);
    const std::vector<float> row = starting_row();
    for (const auto& [add, start] : {std::pair<bool, const float*>{false, nullptr}, {true, nullptr}, {false, row.data()}}) {
      std::vector<float> expected(32 * c_stride, 5.0f), tiles = expected, chosen = expected;
      for (int64_t i = 0; i < 32; ++i)
        for (int64_t j = 0; j < 32; ++j) {
          float sum = add ? 5.0f : start ? start[j] : 0.0f;
          for (int64_t p = 0; p < 3; ++p)
            for (int64_t q = 0; p + q < 3; ++q)
              for (int64_t k = 0; k < 32 * steps; ++k)
                sum += float(a[size_t(segment + p * a_part + i * a_stride + k)]) * float(b[size_t(q * b_part + k / 2 * b_stride + 2 * j + k % 2)]);
          expected[size_t(i * c_stride + j)] = sum;
        }
      pairs::Product product{.a = a.data(),
                             .a_stride = a_stride,
                             .a_segments = &segment,
                             .segments = 1,
                             .steps = steps,
                             .b = b.data(),
                             .b_stride = b_stride,
                             .c = tiles.data(),
                             .c_stride = c_stride,
                             .add = add,
                             .start = start,
                             .parts = 3,
                             .a_part = a_part,
                             .b_part = b_part};
      pairs::multiply_split_tiles<ArraysForTiles>(product);
      CHECK(tiles == expected);
      product.c = chosen.data();
      pairs::Multiplier()(product);
      CHECK(chosen == expected);
    }
  }

  TEST_CASE("three parts add up to a float exactly, the next at most half a unit of the one before; rows, columns and pairs lie where they should") {
    std::mt19937 generator(3);
    struct Size {
      int64_t height, width;
    };
    for (const Size& size : {Size{1, 1}, Size{2, 16}, Size{3, 33}, Size{17, 5}, Size{32, 32}, Size{35, 50}, Size{64, 1}}) {
      const int64_t height = size.height, width = size.width, distance = width + 3;
      CAPTURE(height);
      CAPTURE(width);
      std::vector<float> x;
      for (int64_t i = 0; i < height * distance; ++i)  // any sign and mantissa, exponents from -100 to 100
        x.push_back(std::bit_cast<float>(uint32_t(generator() & 0x807fffff) | uint32_t(27 + generator() % 200) << 23));
      constexpr int64_t part = 8192;
      const auto all = [&](auto split, int64_t stride, auto at) {
        std::vector<bfloat16> to(3 * part, bfloat16(99.0f));
        split(x.data(), distance, height, width, to.data(), stride, part);
        int64_t wrong = 0;
        for (int64_t r = 0; r < height; ++r)
          for (int64_t c = 0; c < width; ++c) {
            float parts[3], rest = x[size_t(r * distance + c)];
            for (int64_t p = 0; p < 3; ++p) {
              parts[p] = float(to[size_t(p * part + at(r, c))]);
              rest -= parts[p];
              wrong += std::abs(rest) > std::ldexp(std::abs(parts[p]), -8);
            }
            wrong += rest != 0;
          }
        return wrong;
      };
      CHECK(all(layout(pairs::copy), 100, [](int64_t r, int64_t c) { return r * 100 + c; }) == 0);
      CHECK(all(layout(pairs::turn), 100, [](int64_t r, int64_t c) { return c * 100 + r; }) == 0);
      CHECK(all(layout(pairs::interleave), 128, [](int64_t r, int64_t c) { return r / 2 * 128 + 2 * c + r % 2; }) == 0);
      CHECK(all(layout(pairs::interleave_turned), 160, [](int64_t r, int64_t c) { return c / 2 * 160 + 2 * r + c % 2; }) == 0);
    }
  }

  TEST_CASE("matmul of floats on pairs is as exact as the definition in f32, for all magnitudes") {
    std::mt19937 generator(4);
    std::normal_distribution<float> normal;
    struct Case {
      int64_t m, n, k;
      std::vector<int64_t> a_index = {0}, b_index = {0};
    };
    for (const Case& c : {Case{1, 1, 1}, Case{32, 32, 32}, Case{31, 33, 1}, Case{130, 529, 65}, Case{128, 64, 96}, Case{7, 300, 1100},
                          Case{64, 48, 0}, Case{33, 17, 5001}, Case{129, 64, 1024}, Case{5, 6, 70, {0, 1, 2}, {1, 0, 1}}})
      for (int transposes = 0; transposes < 4; ++transposes)
        for (const bool with_bias : {false, true})
          for (const float magnitude : {1.0f, 1e-12f, 1e12f}) {
            MatmulShape s{c.m, c.n, c.k, (transposes & 1) != 0, (transposes & 2) != 0, c.a_index, c.b_index};
            std::vector<float> a(size_t(3 * c.m * c.k)), b(size_t(3 * c.k * c.n)), bias(size_t(c.n));
            for (float& value : a) value = magnitude * normal(generator);
            for (float& value : b) value = normal(generator);
            for (float& value : bias) value = magnitude * normal(generator);
            const int64_t size = int64_t(c.a_index.size()) * c.m * c.n;
            std::vector<double> a_wide(a.begin(), a.end()), b_wide(b.begin(), b.end()), bias_wide(bias.begin(), bias.end()), exact(size_t(size), 0.0);
            Matmul<double>::named(Device::cpu, "reference")(a_wide.data(), b_wide.data(), with_bias ? bias_wide.data() : nullptr, exact.data(), s);
            const auto error = [&](std::string_view variant) {
              std::vector<float> y(size_t(size), 77.0f);
              Matmul<float>::named(Device::cpu, variant)(a.data(), b.data(), with_bias ? bias.data() : nullptr, y.data(), s);
              double worst = 0;
              for (size_t i = 0; i < y.size(); ++i) worst = std::max(worst, std::abs(double(y[i]) - exact[i]));
              return worst / (magnitude * std::sqrt(double(c.k) + 1));
            };
            CAPTURE(c.m);
            CAPTURE(c.n);
            CAPTURE(c.k);
            CAPTURE(transposes);
            const double on_pairs = error("pairs"), in_f32 = error("packed");
            CHECK(on_pairs <= 1.5 * in_f32 + 3e-7);  // one rounding of a result of 4 standard deviations: 2.4e-7
          }
  }

  TEST_CASE("matmul on pairs: sizes around its blocks, transposes, a bias, batches, long sums that are cut into parts") {
    struct Case {
      int64_t m, n, k;
      std::vector<int64_t> a_index = {0}, b_index = {0};
    };
    for (const Case& c : {Case{1, 1, 1}, Case{32, 32, 32}, Case{31, 33, 1}, Case{130, 257, 65}, Case{128, 64, 96}, Case{7, 300, 513}, Case{64, 48, 0},
                          Case{33, 17, 5001}, Case{64, 64, 4096}, Case{5, 6, 70, {0, 1, 2}, {1, 0, 1}}})
      for (int transposes = 0; transposes < 4; ++transposes)
        for (const bool with_bias : {false, true}) {
          MatmulShape s{c.m, c.n, c.k, (transposes & 1) != 0, (transposes & 2) != 0, c.a_index, c.b_index};
          const auto a = whole_numbers(3 * c.m * c.k, 1), b = whole_numbers(3 * c.k * c.n, 2), bias = whole_numbers(c.n, 3);
          CAPTURE(c.m);
          CAPTURE(c.n);
          CAPTURE(c.k);
          CAPTURE(transposes);
          CHECK(compare<Matmul<bfloat16>>(int64_t(c.a_index.size()) * c.m * c.n,
                                          [&](auto* run, bfloat16* y) { run(a.data(), b.data(), with_bias ? bias.data() : nullptr, y, s); }) == 0);
        }
  }

  TEST_CASE("convolutions on pairs: odd sizes, channels that fill no block, padding, filters that are not square, many images, rows of whole runs") {
    struct Case {
      int64_t batch, height, width, in, kernel_height, kernel_width, padding, out;
    };
    for (const Case& c :
         {Case{1, 1, 1, 16, 1, 1, 0, 16}, Case{2, 8, 8, 32, 3, 3, 1, 64}, Case{9, 7, 5, 17, 3, 3, 1, 33}, Case{3, 16, 9, 40, 3, 3, 0, 16},
          Case{1, 33, 34, 64, 3, 3, 1, 32}, Case{2, 6, 11, 24, 5, 3, 2, 20}, Case{2, 4, 4, 70, 2, 4, 1, 31}, Case{17, 3, 3, 16, 3, 3, 1, 16},
          Case{5, 16, 16, 32, 3, 3, 1, 40}, Case{40, 5, 32, 17, 3, 3, 1, 16}, Case{3, 20, 18, 32, 3, 3, 0, 32}, Case{7, 1, 48, 16, 1, 3, 0, 16},
          Case{1, 1, 16, 16, 1, 1, 0, 16}}) {
      Conv2dShape s{.batch = c.batch,
                    .height = c.height,
                    .width = c.width,
                    .in_channels = c.in,
                    .out_height = c.height + 2 * c.padding - c.kernel_height + 1,
                    .out_width = c.width + 2 * c.padding - c.kernel_width + 1,
                    .out_channels = c.out,
                    .kernel_height = c.kernel_height,
                    .kernel_width = c.kernel_width,
                    .padding = c.padding};
      const int64_t x_size = c.batch * c.height * c.width * c.in, y_size = c.batch * s.out_height * s.out_width * c.out,
                    w_size = c.out * c.kernel_height * c.kernel_width * c.in;
      const auto x = whole_numbers(x_size, 1), w = whole_numbers(w_size, 2), dy = whole_numbers(y_size, 3), bias = whole_numbers(c.out + c.in, 4);
      CAPTURE(c.in);
      CAPTURE(c.out);
      CAPTURE(c.width);
      for (const bfloat16* offset : {static_cast<const bfloat16*>(nullptr), bias.data()}) {
        CHECK(compare<Conv2dForward<bfloat16>>(y_size, [&](auto* run, bfloat16* to) { run(x.data(), w.data(), offset, to, s); }) == 0);
        CHECK(compare<Conv2dDataGradient<bfloat16>>(x_size, [&](auto* run, bfloat16* to) { run(dy.data(), w.data(), offset, to, s); }) == 0);
      }
      CHECK(compare<Conv2dWeightGradient<bfloat16>>(w_size, [&](auto* run, bfloat16* to) { run(dy.data(), x.data(), to, s); }) == 0);
    }
  }
}
