// kernels/cuda/reduce.h against plain loops in double, in three orders of lanes, plain and with every access looked at.
#include "tests/cuda/test_reduce.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "kernels/simt/settings.h"
#include "tensor/tensor.h"

using namespace ito;
using namespace ito::kernels;

namespace {

// Two NaNs count as the same: on an H200 the sign of one depends on which instruction passed it on (a selection that negates, or an addition).
template <class A>
bool same_bits(A a, A b) {
  if (a != a && b != b) return true;
  using Bits = std::conditional_t<sizeof(A) == 4, uint32_t, uint64_t>;
  return std::bit_cast<Bits>(a) == std::bit_cast<Bits>(b);
}

constexpr double inf = std::numeric_limits<double>::infinity();

std::vector<double> expected_of(const std::vector<double>& x) {
  double sum = 0, top = -inf, low = inf, exp_sum = 0, exp_sum2 = 0, squares = 0;
  for (const double v : x) {
    sum += v;
    top = v > top || v != v ? v : top;
    low = v < low || v != v ? v : low;
  }
  const double mean = sum / double(x.size());
  for (const double v : x) {
    exp_sum += v == top ? 1 : std::exp(v - top);
    exp_sum2 += v == top ? 1 : std::exp(2 * v - 2 * top);
    squares += 4 * (v - mean) * (v - mean);
  }
  return {sum, 2 * sum, top, -low, top + std::log(exp_sum), 2 * top + std::log(exp_sum2), mean, squares / double(x.size())};
}

bool near(double a, double b, double tolerance) {
  return std::isfinite(b) ? std::abs(a - b) <= tolerance * (1 + std::abs(b)) : a == b || (a != a && b != b);
}

template <class A>
void check(const std::vector<double>& values, double tolerance) {
  const int threads = int(values.size());
  Tensor x = Tensor::from<double>(values, {threads}).to(dtype_of<A>::value);
  std::vector<double> rounded;
  for (const A v : x.template to_vector<A>()) rounded.push_back(double(v));
  const std::vector<double> expected = expected_of(rounded);
  const Tensor in = x.to(Device::cuda), out = Tensor::empty({test_reductions * threads + 32}, dtype_of<A>::value, Device::cuda);
  TestReductions<A>::on(Device::cuda)(in.template data<A>(), out.template data<A>(), threads);
  const std::vector<A> got = out.template to_vector<A>();
  for (int k = 0; k < int(expected.size()); ++k) {
    const bool moments = k >= 6;
    if (moments && !std::isfinite(expected[0])) continue;
    const A first = got[size_t(k) * size_t(threads)];
    CHECK_MESSAGE(near(double(first), expected[size_t(k)], tolerance), "answer ", k, " of ", threads, " threads: ", double(first), ", expected ",
                  expected[size_t(k)]);
    int others = 0;
    for (int t = 0; t < threads; ++t) others += !same_bits(got[size_t(k) * size_t(threads) + size_t(t)], first);
    CHECK_MESSAGE(others == 0, "answer ", k, ": ", others, " threads have other bits than thread 0");
  }
  for (int t = 0; t < threads; ++t) {
    double sum = 0, top = -inf;
    for (int l = t / 32 * 32; l < t / 32 * 32 + 32; ++l) {
      sum += rounded[size_t(l)];
      top = rounded[size_t(l)] > top || rounded[size_t(l)] != rounded[size_t(l)] ? rounded[size_t(l)] : top;
    }
    if (!near(double(got[8 * size_t(threads) + size_t(t)]), sum, tolerance) || !near(double(got[9 * size_t(threads) + size_t(t)]), top, tolerance))
      FAIL_CHECK("warp of thread ", t);
  }
  for (int c = 0; c < 32; ++c) {
    double sum = 0;
    for (int t = c % 16; t < threads; t += 16) sum += double(c < 16 ? 1 : 2) * rounded[size_t(t)];
    if (!near(double(got[size_t(test_reductions) * size_t(threads) + size_t(c)]), sum, tolerance)) FAIL_CHECK("column ", c);
  }
}

}  // namespace

TEST_SUITE("cuda") {
  TEST_CASE("reductions of warps, blocks and columns: values, equal bits in all threads, no race when one follows another") {
    const simt::Settings before = simt::settings();
    for (const bool checked : {false, true})
      for (const auto order : {simt::Order::forward, simt::Order::reverse, simt::Order::shuffled}) {
        simt::set_settings({.order = order, .seed = 3, .checked = checked});
        for (const int threads : {32, 256, 1024}) {
          std::vector<double> x;
          for (int i = 0; i < threads; ++i) x.push_back(std::sin(i * 1.7) * 3 + 0.1 * (i % 7));
          check<float>(x, 1e-5);
          check<double>(x, 1e-13);
          for (double& v : x) v += 1000;  // the variance of values a thousand deviations from 0
          check<float>(x, 1e-4);
          x[size_t(threads / 2)] = NAN;
          check<float>(x, 1e-5);
          x.assign(size_t(threads), -inf);
          check<float>(x, 1e-5);
          x[3] = inf;
          x[5] = 4;
          check<float>(x, 1e-5);
          x[7] = inf;
          check<float>(x, 1e-5);
        }
      }
    simt::set_settings(before);
  }
}
