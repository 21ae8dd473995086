// Triangles: covered shares pixel by pixel, and colours.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "data/dataset.h"
#include "data/triangles.h"

using namespace ito;

TEST_SUITE("data") {
  TEST_CASE("the covered share of each pixel is that of many points of it, also of triangles that leave the canvas (A-194)") {
    constexpr int64_t size = 8, fine = 64;
    const Generator key{.seed = 2};
    for (int64_t k = 0; k < 8; ++k) {
      Triangle t = random_triangle(key, k), finer;
      for (size_t i = 0; i < 3; ++i) {  // on the canvas at first, then beyond its borders
        const double reach = k < 4 ? 1 : 2, x = size * (0.5 + reach * (t[i].x - 0.5)), y = size * (0.5 + reach * (t[i].y - 0.5));
        t[i] = {x, y};
        finer[i] = {x * fine, y * fine};
      }
      std::vector<double> shares(size * size), points(size * size * fine * fine);
      cover(t, size, shares.data());
      cover_centres(finer, size * fine, points.data());
      for (int64_t pixel = 0; pixel < size * size; ++pixel) {
        double count = 0;
        const int64_t row = pixel / size, column = pixel % size;
        for (int64_t v = 0; v < fine; ++v)
          for (int64_t u = 0; u < fine; ++u) count += points[size_t((row * fine + v) * size * fine + column * fine + u)];
        // Two edges of at most sqrt(2) pixels pass through a pixel; a point in 64 is uncertain along each.
        CHECK(std::abs(shares[size_t(pixel)] - count / (fine * fine)) < 2.0 / fine);
        CHECK(shares[size_t(pixel)] <= 1 + 1e-12);
      }
    }
    const auto shares_of = [](const Triangle& t) {
      std::vector<double> shares(4);
      cover(t, 2, shares.data());
      return shares;
    };
    CHECK(shares_of({{{0, 0}, {2, 0}, {0, 2}}}) == std::vector<double>{1, 0.5, 0.5, 0});
    CHECK(shares_of({{{0, 1}, {2, 1}, {1, 1}}}) == std::vector<double>(4, 0.0));  // a line
    CHECK(shares_of({{{3, 0}, {5, 0}, {4, 2}}}) == std::vector<double>(4, 0.0));  // to the right of the canvas
    CHECK(shares_of({{{-3, 0}, {-1, 0}, {-2, 2}}})[0] == doctest::Approx(0));     // to its left
  }

  TEST_CASE("a level edge between two rows of pixels, and points and lines, cover what they should and nothing beyond the canvas") {
    constexpr int64_t size = 32;
    const auto area = [&](const Triangle& t) {
      std::vector<double> shares(size * size);
      cover(t, size, shares.data());
      CHECK(std::all_of(shares.begin(), shares.end(), [](double v) { return v >= 0 && v <= 1 + 1e-12; }));
      return std::accumulate(shares.begin(), shares.end(), 0.0);
    };
    for (const double y : {3.0, 3.7, 31.5, 0.25})
      for (const bool turned : {false, true}) {
        const Point a{3.5, y}, b{20.25, y}, c{10, 18};
        CHECK(area(turned ? Triangle{b, a, c} : Triangle{a, b, c}) == doctest::Approx(0.5 * 16.75 * std::abs(18 - y)));
        CHECK(area(turned ? Triangle{c, a, b} : Triangle{b, c, a}) == doctest::Approx(0.5 * 16.75 * std::abs(18 - y)));
      }
    CHECK(area({{{5.5, 6.5}, {5.5, 6.5}, {5.5, 6.5}}}) == 0);
    CHECK(area({{{5.5, 6.5}, {15.25, 6.5}, {9, 6.5}}}) == 0);
    CHECK(area({{{5, 0}, {9, 1e-320}, {12, 2}}}) == doctest::Approx(4));  // an edge so flat that its slope is infinite
  }

  TEST_CASE("coloured triangles are the grey ones times a colour whose largest part is 1 (A-236)") {
    const auto load = [](int64_t channels) { return load_dataset({.name = "triangles", .size = 16, .channels = channels, .count = 30}).images; };
    const Tensor grey = load(1), coloured = load(3);
    REQUIRE(coloured.shape() == Shape{30, 16, 16, 3});
    double mean_green = 0;
    for (int64_t n = 0; n < 30; ++n) {
      const std::array<double, 3> colour = random_colour({.seed = 1}, n);
      CHECK(*std::max_element(colour.begin(), colour.end()) == 1);
      CHECK(*std::min_element(colour.begin(), colour.end()) >= 0);
      mean_green += colour[1] / 30;
      for (int64_t i = 0; i < 256; ++i)
        for (int64_t c = 0; c < 3; ++c) {
          const int value = coloured.data<uint8_t>()[(n * 256 + i) * 3 + c], of = grey.data<uint8_t>()[n * 256 + i];
          if (std::abs(value - colour[size_t(c)] * of) > 0.5) FAIL("image " << n << ", pixel " << i << ", channel " << c);
        }
    }
    // Each part is the largest, 1, in a third of the draws and else uniform in [0, 1): mean 2/3, variance 1/3 + 2/9 - 4/9 = 1/9.
    CHECK(std::abs(mean_green - 2.0 / 3) < 4 * std::sqrt(1.0 / 9 / 30));
    CHECK_THROWS_WITH_AS(draw_triangles(1, 8, Drawing::exact, {}, 2), doctest::Contains("1 channel or 3, not 2"), Error);
  }
}
