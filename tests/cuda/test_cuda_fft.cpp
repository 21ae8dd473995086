// Lengths that are too long for the formula, which the harness would run beside the others: to the end of shared memory and past it.
#include <doctest/doctest.h>

#include <cmath>

#include "autograd/ops/fft.h"
#include "kernels/cuda/runtime.h"
#include "kernels/registry.h"
#include "kernels/simt/settings.h"
#include "tests/cases/case.h"

using namespace ito;

namespace {

// The largest difference between the device's transform and the cpu's in f64, in units of the type's last bit at 1.
double error_in_bits(int64_t n, DType dtype, bool inverse) {
  const Tensor x = checks::normal_values({2, n, 2}).to(dtype);
  const Tensor expected = fft(x.to(DType::f64), {.inverse = inverse}),
               got = fft(x.to(Device::cuda), {.inverse = inverse}).to(Device::cpu).to(DType::f64);
  double largest = 0;
  for (int64_t i = 0; i < got.numel(); ++i) {
    const double difference = std::abs(got.data<double>()[i] - expected.data<double>()[i]);
    if (!(difference <= largest)) largest = difference;  // NaN, too
  }
  return largest / (dtype == DType::f32 ? 0x1p-23 : 0x1p-52);
}

}  // namespace

TEST_SUITE("cuda") {
  TEST_CASE("fft of long lines: a block's whole shared memory, lines that are split, and convolutions within a block and without") {
    kernels::pin_variant("*", "shared");
    for (const int64_t n : {1024, 2048, 2187, 2047, 2053, 4096, 4200, 8192, 8193})
      for (const bool inverse : {false, true}) {
        CHECK_MESSAGE(error_in_bits(n, DType::f32, inverse) < 40, n);
        CHECK_MESSAGE(error_in_bits(n, DType::f64, inverse) < 80, n);
      }
    kernels::pin_variant("*", "");
  }

  TEST_CASE("fft of long lines, every access looked at") {
    if (!cuda::emulated()) return;
    const simt::Settings before = simt::settings();
    simt::set_settings({.checked = true});
    kernels::pin_variant("*", "shared");
    for (const int64_t n : {4096, 4200, 2053}) CHECK_MESSAGE(error_in_bits(n, DType::f32, false) < 40, n);
    kernels::pin_variant("*", "");
    simt::set_settings(before);
  }
}
