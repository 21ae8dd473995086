#include "kernels/vecmath.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace ito::kernels;

namespace {
// Largest error over floats spread evenly in their bit patterns, in units of the last place of the exact value.
template <class Fast, class Exact>
double largest_error(Fast fast, Exact exact, float low, float high) {
  double worst = 0;
  for (int64_t bits = 0; bits < (int64_t(1) << 32); bits += 4099) {
    const float x = std::bit_cast<float>(uint32_t(bits));
    if (!(x >= low && x <= high)) continue;
    const double e = exact(double(x));
    const float rounded = float(e);
    const double ulp = std::max(double(std::nextafter(std::abs(rounded), INFINITY)) - double(std::abs(rounded)), 1.4e-45);
    worst = std::max(worst, std::abs(double(fast(x)) - e) / ulp);
  }
  return worst;
}
}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("fast functions are within a few units of the last place") {
    CHECK(largest_error([](float x) { return exp_fast(x); }, [](double x) { return std::exp(x); }, -103, 88.7f) <= 2);
    CHECK(largest_error([](float x) { return exp_bounded(x); }, [](double x) { return std::exp(x); }, -87.3f, 88) <= 2);
    CHECK(largest_error([](float x) { return log_fast(x); }, [](double x) { return std::log(x); }, 1e-45f, 3.4e38f) <= 2);
    CHECK(largest_error([](float x) { return tanh_fast(x); }, [](double x) { return std::tanh(x); }, -100, 100) <= 4);
    CHECK(largest_error([](float x) { return sigmoid_fast(x); }, [](double x) { return 1 / (1 + std::exp(-x)); }, -85, 100) <= 4);
    CHECK(largest_error([](float x) { return sin_fast(x); }, [](double x) { return std::sin(x); }, -sin_cos_limit, sin_cos_limit) <= 2);
    CHECK(largest_error([](float x) { return cos_fast(x); }, [](double x) { return std::cos(x); }, -sin_cos_limit, sin_cos_limit) <= 2);
    CHECK(largest_error([](float x) { return erf_fast(x); }, [](double x) { return std::erf(x); }, -10, 10) <= 3);
  }

  TEST_CASE("sine and cosine close to their zeros, where all leading bits of the argument are taken off, and at arguments of a SIREN") {
    for (const auto& [fast, exact] : {std::pair{+[](float x) { return sin_fast(x); }, +[](double x) { return std::sin(x); }},
                                      std::pair{+[](float x) { return cos_fast(x); }, +[](double x) { return std::cos(x); }}}) {
      double worst = 0;
      bool outside = false;
      for (int64_t i = -1000000; i <= 1000000; ++i)
        for (const float x : {float(double(i) * 1.5707963267948966), float(i) * 0.0071f}) {
          if (std::abs(x) > sin_cos_limit) continue;
          const double e = exact(double(x));
          worst = std::max(worst, std::abs(double(fast(x)) - e) / std::abs(e == 0 ? 1 : e));
          outside |= std::abs(fast(x)) > 1;
        }
      CHECK(worst < 1.2e-7);  // 2^-23: 2 ulp just below 1
      CHECK(!outside);
    }
  }

  TEST_CASE("the normal distribution: tails to 13 deviations keep their digits, but for those that the square of x loses") {
    double worst = 0;
    for (int64_t i = -130000; i <= 130000; ++i) {
      const float x = float(i) * 1e-4f;
      const Normal<double> exact = normal_fast(double(x));
      const Normal<float> fast = normal_fast(x);
      const double allowed = 1.2e-7 * (1 + double(x) * double(x) / 2);  // a unit in the last place, relative, of the exponent's argument, too
      worst = std::max({worst, std::abs(double(fast.density) / exact.density - 1) / allowed,
                        std::abs(double(fast.distribution) / exact.distribution - 1) / allowed});
    }
    MESSAGE("largest error: ", worst, " units");
    CHECK(worst < 4);
    CHECK(normal_fast(0.0f).distribution == doctest::Approx(0.5).epsilon(3e-7));
    CHECK(normal_fast(INFINITY).distribution == 1);
    CHECK(normal_fast(-INFINITY).distribution == 0);
    CHECK(std::isnan(normal_fast(NAN).distribution));
  }

  TEST_CASE("fast functions keep NaN, infinities and overflow") {
    CHECK(std::isnan(exp_fast(NAN)));
    CHECK(exp_fast(INFINITY) == INFINITY);
    CHECK(exp_fast(-INFINITY) == 0);
    CHECK(exp_fast(1000.0f) == INFINITY);
    CHECK(exp_fast(-1000.0f) == 0);
    CHECK(std::isnan(exp_bounded(NAN)));
    CHECK(exp_bounded(-INFINITY) == 0);
    CHECK(exp_bounded(-1e30f) == 0);
    CHECK(std::isnan(log_fast(NAN)));
    CHECK(std::isnan(log_fast(-1.0f)));
    CHECK(log_fast(0.0f) == -INFINITY);
    CHECK(log_fast(INFINITY) == INFINITY);
    CHECK(std::isnan(tanh_fast(NAN)));
    CHECK(tanh_fast(-INFINITY) == -1);
    CHECK(std::isnan(sigmoid_fast(NAN)));
    CHECK(sigmoid_fast(-INFINITY) == 0);
    CHECK(sigmoid_fast(INFINITY) == 1);
    CHECK(std::isnan(sin_fast(NAN)));
    CHECK(std::isnan(cos_fast(NAN)));
    CHECK(std::isnan(erf_fast(NAN)));
    CHECK(erf_fast(INFINITY) == 1);
    CHECK(erf_fast(-INFINITY) == -1);
    CHECK(cos_fast(0.0f) == 1);
  }
}
