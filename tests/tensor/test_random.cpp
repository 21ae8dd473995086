#include "tensor/random.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "kernels/parallel.h"
#include "kernels/random/values.h"
#include "kernels/registry.h"
#include "tensor/philox.h"

using namespace ito;

TEST_SUITE("tensor") {
  TEST_CASE("Philox4x32-10 gives Random123's known answers") {  // kat_vectors of Random123 1.14
    CHECK(philox({0, 0, 0, 0}, {0, 0}) == PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    CHECK(philox({~0U, ~0U, ~0U, ~0U}, {~0U, ~0U}) == PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
          PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
  }

  TEST_CASE("the logarithm and the cosine under a normal draw are within three units in the last place") {
    const auto error = [](double got, long double expected) {
      return got == double(expected) ? 0 : double(std::abs(got - expected)) / std::abs(std::nextafter(double(expected), INFINITY) - double(expected));
    };
    double worst_log = 0, worst_cosine = 0;
    const auto check = [&](uint32_t n) {
      const uint64_t share = uint64_t(n) + 1;
      worst_log = std::max(worst_log, error(kernels::log_of_share(share), std::log((long double)(share)*0x1p-32L)));
      // The quarter of a turn and the rest are exact, so that nothing is lost where the cosine is near zero.
      const uint32_t quarter = (n + (1U << 29)) >> 30;
      const long double rest = (long double)(int32_t(n - (quarter << 30))) * (2 * std::numbers::pi_v<long double> * 0x1p-32L);
      const long double value = quarter & 1 ? std::sin(rest) : std::cos(rest);
      worst_cosine = std::max(worst_cosine, error(kernels::cosine_of_share(n), quarter == 1 || quarter == 2 ? -value : value));
    };
    for (const uint32_t edge : {0U, 1U << 29, 1U << 30, 3U << 29, 1U << 31, 5U << 29, 3U << 30, 7U << 29, 3037000499U})  // the last: 2^32 sqrt(1/2)
      for (uint32_t k = 0; k < 2000; ++k) check(edge - 1000 + k);
    for (uint32_t k = 0; k < 100000; ++k) check(k * 42949U);
    CHECK(worst_log < 3);
    CHECK(worst_cosine < 3);
    CHECK(kernels::log_of_share(uint64_t{1} << 32) == 0);
  }

  TEST_CASE("a draw has the same bits on any number of threads, in parts, and from the reference kernel") {
    const Generator key{.seed = 5, .stream = 2, .call = 9};
    kernels::set_num_threads(1);
    const std::vector<float> all = normal_from({40000}, key, 0).to_vector<float>();
    kernels::set_num_threads(3);
    CHECK(normal_from({40000}, key, 0).to_vector<float>() == all);
    const std::vector<float> part = normal_from({100}, key, 30000).to_vector<float>();
    CHECK(std::equal(part.begin(), part.end(), all.begin() + 30000));
    kernels::pin_variant("*", "reference");
    CHECK(normal_from({40000}, key, 0).to_vector<float>() == all);
    const std::vector<float> u = uniform_from({9000}, key, 3).to_vector<float>();
    const std::vector<int64_t> r = randint_from({9000}, -5, 17, key, 3).to_vector<int64_t>();
    kernels::pin_variant("*", "");
    CHECK(uniform_from({9000}, key, 3).to_vector<float>() == u);
    CHECK(randint_from({9000}, -5, 17, key, 3).to_vector<int64_t>() == r);
    kernels::set_num_threads(2);
  }

  TEST_CASE("seed, stream and call each give other numbers") {
    const Generator base{1, 1, 1};
    const std::vector<float> x = uniform_from({8}, base, 0).to_vector<float>();
    for (const Generator& other : {Generator{2, 1, 1}, Generator{1, 2, 1}, Generator{1, 1, 2}})
      CHECK(uniform_from({8}, other, 0).to_vector<float>() != x);
  }

  TEST_CASE("moments: uniform 1/2, 1/12; normal 0, 1, 0, 3; within five standard errors") {
    Generator g{.seed = 7};
    constexpr int64_t n = 1 << 20;
    const auto mean_power = [&](const std::vector<double>& v, double centre, int power) {
      double sum = 0;
      for (const double x : v) sum += std::pow(x - centre, power);
      return sum / double(n);
    };
    const std::vector<double> u = uniform({n}, g, 0, 1, DType::f64).to_vector<double>();
    CHECK(std::abs(mean_power(u, 0, 1) - 0.5) < 5 * std::sqrt(1.0 / 12 / n));
    CHECK(std::abs(mean_power(u, 0.5, 2) - 1.0 / 12) < 5 * std::sqrt(1.0 / 180 / n));
    const std::vector<double> z = normal({n}, g, DType::f64).to_vector<double>();
    CHECK(std::abs(mean_power(z, 0, 1)) < 5 * std::sqrt(1.0 / n));
    CHECK(std::abs(mean_power(z, 0, 2) - 1) < 5 * std::sqrt(2.0 / n));
    CHECK(std::abs(mean_power(z, 0, 3)) < 5 * std::sqrt(15.0 / n));
    CHECK(std::abs(mean_power(z, 0, 4) - 3) < 5 * std::sqrt(96.0 / n));
  }

  TEST_CASE("randint covers its range evenly and stays inside; a permutation holds every number once") {
    Generator g{.seed = 3};
    std::vector<int> count(7);
    for (const int64_t v : randint({70000}, -3, 4, g).to_vector<int64_t>()) {
      REQUIRE(v >= -3);
      REQUIRE(v < 4);
      ++count[size_t(v + 3)];
    }
    for (const int c : count) CHECK(std::abs(c - 10000) < 5 * std::sqrt(10000.0));
    std::vector<int64_t> p = permutation(1000, g).to_vector<int64_t>();
    CHECK(!std::is_sorted(p.begin(), p.end()));
    std::sort(p.begin(), p.end());
    CHECK(p == Tensor::arange(1000).to_vector<int64_t>());
  }
}
