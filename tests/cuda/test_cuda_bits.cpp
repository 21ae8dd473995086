// Results that are equal bit for bit on the cpu and on the device.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "autograd/graph.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/dropout.h"
#include "autograd/ops/index.h"
#include "autograd/ops/reshape.h"
#include "autograd/ops/unary.h"
#include "tensor/random.h"
#include "tests/cases/check.h"

using namespace ito;

namespace {

bool equal_bits(const Tensor& a, const Tensor& b) {
  const Tensor x = a.to(Device::cpu), y = b.to(Device::cpu);
  return x.dtype() == y.dtype() && x.shape() == y.shape() && std::memcmp(x.raw(), y.raw(), x.bytes()) == 0;
}

}  // namespace

TEST_SUITE("cuda") {
  TEST_CASE("random tensors have the cpu's bits, from any first element on, by every kernel") {
    const Generator key{.seed = 0x123456789abcdef0, .stream = 3, .call = 0xfffffff0};
    constexpr int64_t two_32 = int64_t{1} << 32;
    for (const char* variant : {"naive", "vector"})
      for (const int64_t first : {int64_t{0}, int64_t{5}, two_32 - 3, 7 * two_32 + 1})  // the third crosses from one counter word into the next
        for (const int64_t n : {1, 4, 16, 1003}) {
          CAPTURE(variant);
          CAPTURE(first);
          CAPTURE(n);
          for (const DType dtype : {DType::f32, DType::f64, DType::bf16}) {
            CAPTURE(name_of(dtype));
            const Tensor u = uniform_from({n}, key, first, -1.3, 2.7, dtype), z = normal_from({n}, key, first, dtype);
            const checks::Pinned pinned(variant);
            CHECK(equal_bits(u, uniform_from({n}, key, first, -1.3, 2.7, dtype, Device::cuda)));
            CHECK(equal_bits(z, normal_from({n}, key, first, dtype, Device::cuda)));
          }
          const Tensor r = randint_from({n}, -5, int64_t{3} << 30, key, first);
          const checks::Pinned pinned(variant);
          CHECK(equal_bits(r, randint_from({n}, -5, int64_t{3} << 30, key, first, Device::cuda)));
        }
  }

  TEST_CASE("dropout drops the same elements as on the cpu") {
    Generator noise{.seed = 4};
    for (const DType dtype : {DType::f32, DType::f64, DType::bf16}) {
      const Tensor x = normal({1003}, noise, dtype);
      for (const double p : {1e-9, 0.1, 0.5, 1 - 0x1p-24, 1 - 1e-12}) {
        Generator host{.seed = 8}, device{.seed = 8};
        CAPTURE(p);
        CHECK(equal_bits(dropout(x, p, host), dropout(x.to(Device::cuda), p, device)));
      }
    }
  }

  TEST_CASE("sums at repeated places have the bits of the cpu's loop over i, by every kernel") {
    Generator noise{.seed = 6};
    for (const DType dtype : {DType::f32, DType::f64}) {
      const Tensor table = normal({7, 70}, noise, dtype), row = normal({600}, noise, dtype), start = normal({2, 40}, noise, dtype);
      const Tensor words = randint({600}, 0, 7, noise), places = randint({2, 300}, 0, 40, noise);
      const auto sums = [&](Device device) {
        const Tensor weight = variable(table.to(device));
        const Tensor y = embedding(weight, words.to(device));
        const Tensor cotangent = unsqueeze(row, 1).to(device) * Tensor::ones({1, 70}, dtype, device);
        return Tensors{grad(y, {weight}, {.grad_output = cotangent})[0],
                       scatter_add(start.to(device), 1, places.to(device), row.view({2, 300}).to(device))};
      };
      const Tensors expected = sums(Device::cpu);
      for (const char* variant : {"naive", "binned", "voted"}) {
        const checks::Pinned pinned(variant);
        const Tensors got = sums(Device::cuda);
        CAPTURE(variant);
        CHECK(equal_bits(expected[0], got[0]));
        CHECK(equal_bits(expected[1], got[1]));
      }
    }
  }

  TEST_CASE("clamp's gradient has the cpu's bits at bounds that the type does not hold") {
    const double low = -0.1, high = 0.1;  // as f32 both are larger than as f64, as bf16 they are larger, too
    for (const DType dtype : {DType::f32, DType::f64, DType::bf16}) {
      const Tensor x = Tensor::from<double>({-0.1, 0.1, 0.0, -0.1000001, 0.1000001, -0.09999, 0.09999, -INFINITY, INFINITY, NAN}).to(dtype);
      const auto values_and_gradients = [&](Device device) {
        const Tensor in = variable(x.to(device)), y = clamp(in, low, high);
        return Tensors{y.detach(), grad(y, {in}, {.grad_output = Tensor::ones(y.shape(), dtype, device)})[0]};
      };
      const Tensors host = values_and_gradients(Device::cpu), device = values_and_gradients(Device::cuda);
      CAPTURE(name_of(dtype));
      CHECK(equal_bits(host[0], device[0]));
      CHECK(equal_bits(host[1], device[1]));
    }
  }
}
