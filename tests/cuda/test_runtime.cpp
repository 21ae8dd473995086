// The device as the host sees it, emulated or real: memory, copies, time.
#include <doctest/doctest.h>

#include <cstdint>
#include <numeric>
#include <vector>

#include "kernels/cuda/runtime.h"

using namespace ito;

namespace {

std::vector<uint32_t> numbers(size_t n) {
  std::vector<uint32_t> out(n);
  std::iota(out.begin(), out.end(), 1U);
  return out;
}

// On the device, with what is given.
class Block {
 public:
  explicit Block(const std::vector<uint32_t>& values) : data_(cuda::allocate(values.size() * 4)) {
    cuda::copy(data_, values.data(), values.size() * 4);
  }
  ~Block() { cuda::release(data_); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  std::byte* at(size_t element) const { return data_ + 4 * element; }
  std::vector<uint32_t> values(size_t n) const {
    std::vector<uint32_t> out(n);
    cuda::copy(out.data(), data_, 4 * n);
    return out;
  }

 private:
  std::byte* data_;
};

}  // namespace

TEST_SUITE("cuda") {
  TEST_CASE("the device has a name, and memory begins at multiples of 256 bytes") {
    CHECK(!cuda::device_name().empty());
    const Block block(numbers(3));
    CHECK(reinterpret_cast<uintptr_t>(block.at(0)) % 256 == 0);
  }

  TEST_CASE("what goes to the device comes back, around the 4 MiB pieces in which a GPU's driver is given it") {
    const size_t piece = size_t{1} << 20;
    for (const size_t n : {size_t{1}, piece - 1, piece, piece + 1, 2 * piece, 3 * piece + 7}) {
      std::vector<uint32_t> values = numbers(n);
      const Block block(values);
      std::fill(values.begin(), values.end(), 0U);  // is free to be written as soon as copy() returns
      CHECK(block.values(n) == numbers(n));
    }
  }

  TEST_CASE("copies within the device may overlap, either way") {
    for (const bool up : {true, false}) {
      const size_t n = 1000, from = up ? 0 : 3, to = up ? 3 : 0;
      const Block block(numbers(n));
      cuda::copy(block.at(to), block.at(from), 4 * (n - 3));
      std::vector<uint32_t> expected = numbers(n);
      for (size_t i = 0; i < n - 3; ++i) expected[to + i] = uint32_t(from + i + 1);
      CHECK(block.values(n) == expected);
    }
  }

  TEST_CASE("the time of some work is what the device needs for it, not less than nothing") {
    const Block a(numbers(1000)), b(numbers(1000));
    CHECK(cuda::seconds([&] { cuda::copy(a.at(0), b.at(0), 4000); }) >= 0);
  }
}
