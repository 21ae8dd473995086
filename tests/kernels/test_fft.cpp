// Fourier transforms that are too long for the definition to be run again and again, and lines along every axis: one, whole registers, and some left.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "autograd/ops/fft.h"
#include "kernels/parallel.h"
#include "tests/cases/check.h"

using namespace ito;

namespace {

// The largest difference from the definition in f64.
double error_of(const Shape& shape, int axis, DType dtype, bool inverse) {
  const Tensor x = checks::normal_values(shape).to(dtype);
  Tensor expected;
  {
    const checks::Pinned pin("reference");
    expected = fft(x.to(DType::f64), {.inverse = inverse, .axis = axis});
  }
  const Tensor got = fft(x, {.inverse = inverse, .axis = axis}).to(DType::f64);
  double largest = 0;
  for (int64_t i = 0; i < got.numel(); ++i) {
    const double difference = std::abs(got.data<double>()[i] - expected.data<double>()[i]);
    if (!(difference <= largest)) largest = difference;  // NaN, too
  }
  return largest;
}

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("fft of many lengths, lines and axes is right to a few units in the last place") {
    for (const int64_t n : {1, 2, 3, 4, 5, 7, 8, 11, 16, 32, 60, 64, 97, 128, 343, 1024})
      for (const Shape& shape : {Shape{1, n, 1, 2}, Shape{19, n, 1, 2}, Shape{1, n, 2, 2}, Shape{2, n, 17, 2}, Shape{70, n, 1, 2}}) {
        INFO(text(shape));
        CHECK(error_of(shape, 1, DType::f32, n % 2 == 0) < 40 * 0x1p-23);
        CHECK(error_of(shape, 1, DType::f64, n % 2 == 1) < 80 * 0x1p-52);
      }
  }

  TEST_CASE("fft of a line that is longer than the second cache: there and back") {
    for (const int64_t n : {1 << 16, 3 * 7 * 2500, 40009}) {
      const Tensor x = checks::normal_values({n, 2}).to(DType::f32), back = fft(fft(x), {.inverse = true});
      double largest = 0;
      for (int64_t i = 0; i < x.numel(); ++i) largest = std::max(largest, double(std::abs(back.data<float>()[i] - x.data<float>()[i])));
      CHECK_MESSAGE(largest < 80 * 0x1p-23, n);
    }
  }
}
