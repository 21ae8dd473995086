#include "kernels/vector.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>
#include <vector>

using namespace ito;
using namespace ito::kernels;

namespace {
template <class T>
void transposes() {
  constexpr int lanes = VectorTypes<T>::lanes;
  std::vector<T> numbers(size_t(lanes * lanes));
  std::iota(numbers.begin(), numbers.end(), T(1));
  Vector<T> lines[lanes];
  for (int i = 0; i < lanes; ++i) lines[i] = load_vector<T>(numbers.data() + i * lanes);
  transpose_vectors<T>(lines);
  bool same = true;
  for (int i = 0; i < lanes; ++i)
    for (int j = 0; j < lanes; ++j) same &= lines[i][j] == numbers[size_t(j) * lanes + i];
  CHECK(same);
}
}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("a vector rounds to bfloat16 as single values do: ties, subnormals, infinities, NaNs") {
    constexpr int lanes = VectorTypes<float>::lanes;
    int64_t different = 0;
    for (int64_t bits = 0; bits + 4099 * lanes < (int64_t(1) << 32); bits += 4099 * lanes) {
      float values[lanes];
      for (int i = 0; i < lanes; ++i) {
        const auto pattern = uint32_t(bits + 4099 * i);
        values[i] = std::bit_cast<float>(i % 2 == 0 ? pattern : (pattern & 0xffff0000U) | 0x8000U);  // odd lanes: ties
      }
      bfloat16 rounded[lanes];
      store_vector<float>(load_vector<float>(values), rounded);
      for (int i = 0; i < lanes; ++i) different += rounded[i].bits != bfloat16(values[i]).bits;
      float back[lanes];
      store_vector<float>(load_vector<float>(rounded), back);
      for (int i = 0; i < lanes; ++i) different += std::bit_cast<uint32_t>(back[i]) != uint32_t(rounded[i].bits) << 16;
    }
    CHECK(different == 0);
  }

  TEST_CASE("two rows rounded to bfloat16 in turn are what they are one by one, of any length") {
    std::vector<float> first, second;
    for (int i = 0; i < 53; ++i) first.push_back(1.0f / float(i + 1)), second.push_back(-3.3f * float(i));
    for (const int64_t n : {0, 1, 15, 16, 33, 53}) {
      const auto count = size_t(n);
      std::vector<bfloat16> a(count), b(count), both(2 * count + 1, bfloat16(7.0f));
      convert(first.data(), n, a.data());
      convert(second.data(), n, b.data());
      convert_pairs(first.data(), second.data(), n, both.data());
      int64_t different = 0;
      for (int64_t i = 0; i < n; ++i) different += both[size_t(2 * i)].bits != a[size_t(i)].bits || both[size_t(2 * i + 1)].bits != b[size_t(i)].bits;
      CHECK(different == 0);
      CHECK(float(both.back()) == 7.0f);
    }
  }

  TEST_CASE("rows round to bfloat16 as single values do, but subnormal numbers may become 0") {
    std::vector<float> values;
    for (int64_t bits = 0; bits < (int64_t(1) << 32); bits += 4099) values.push_back(std::bit_cast<float>(uint32_t(bits)));
    std::vector<bfloat16> rounded(values.size());
    convert(values.data(), int64_t(values.size()), rounded.data());
    int64_t different = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      const uint16_t bits = bfloat16(values[i]).bits, sign = bits & 0x8000U;
      const bool subnormal = std::fpclassify(values[i]) == FP_SUBNORMAL;
      different += rounded[i].bits != bits && !(subnormal && rounded[i].bits == sign);
    }
    CHECK(different == 0);
  }

  TEST_CASE("a part of a vector leaves the rest of the memory alone, and its other lanes are 0") {
    constexpr int lanes = VectorTypes<float>::lanes;
    for (int count = 0; count <= lanes; ++count) {
      std::vector<float> numbers(lanes, 7.0f), to(lanes, 3.0f);
      const Vector<float> v = load_vector<float>(numbers.data(), count);
      store_vector<float>(v, to.data(), count);
      for (int i = 0; i < lanes; ++i) {
        CHECK(v[i] == (i < count ? 7.0f : 0.0f));
        CHECK(to[size_t(i)] == (i < count ? 7.0f : 3.0f));
      }
    }
  }

  TEST_CASE("rows of vectors become columns") {
    transposes<float>();
    transposes<double>();
  }
}
