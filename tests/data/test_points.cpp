// Point sets of the plane: each lies where its rule says, in the shares that its rule says.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <numbers>

#include "data/loader.h"
#include "data/plot.h"
#include "data/points.h"

using namespace ito;

namespace {

using std::numbers::pi;

constexpr int64_t many = 20000;

// In the set's own units.
struct Own {
  std::vector<double> x, y;
  std::vector<int64_t> label;
};

Own drawn(const std::string& name, int64_t count = many) {
  const Points p = draw_points(name, count, {.seed = 11});
  const double scale = point_set(name).scale;
  Own own;
  for (int64_t i = 0; i < count; ++i) {
    own.x.push_back(scale * double(p.points.data<float>()[2 * i]));
    own.y.push_back(scale * double(p.points.data<float>()[2 * i + 1]));
    if (p.labels.defined()) own.label.push_back(p.labels.data<int64_t>()[i]);
  }
  return own;
}

double mean_of(const Own& own, const std::function<double(size_t i)>& f) {
  double sum = 0;
  for (size_t i = 0; i < own.x.size(); ++i) sum += f(i);
  return sum / double(own.x.size());
}

double share_of(const Own& own, int64_t label) {
  return mean_of(own, [&](size_t i) { return own.label[i] == label ? 1.0 : 0.0; });
}

// Four standard deviations of a share p among `many`.
double slack(double p) { return 4 * std::sqrt(p * (1 - p) / double(many)); }

double wrapped(double angle) { return std::remainder(angle, 2 * pi); }

}  // namespace

TEST_SUITE("data") {
  TEST_CASE("point k of a seed is the same in any number; seeds, training and test sets are different draws (A-195)") {
    for (const std::string& name : point_set_names()) {
      const Generator key{.seed = 3};
      const std::vector<float> all = draw_points(name, 50, key).points.to_vector<float>();
      CHECK(draw_points(name, 20, key).points.to_vector<float>() == std::vector<float>(all.begin(), all.begin() + 40));
      CHECK(draw_points(name, 5, key, 30).points.to_vector<float>() == std::vector<float>(all.begin() + 60, all.begin() + 70));
      CHECK(draw_points(name, 50, {.seed = 4}).points.to_vector<float>() != all);
      const auto load = [&](Split split) { return load_dataset({.name = name, .split = split, .count = 30, .seed = 3}); };
      CHECK(load(Split::train).images.shape() == Shape{30, 1, 1, 2});
      CHECK(load(Split::train).images.to_vector<float>() == std::vector<float>(all.begin(), all.begin() + 60));
      CHECK(load(Split::test).images.to_vector<float>() != load(Split::train).images.to_vector<float>());
      CHECK(load(Split::train).scale == point_set(name).scale);
      CHECK(load(Split::train).labels.defined() == (point_set(name).classes > 0));
    }
    CHECK_THROWS_WITH_AS(point_set("swissroll"), doctest::Contains("there are: swiss-roll mixture"), Error);
    CHECK_THROWS_WITH_AS(draw_points("moons", 0, {}), doctest::Contains("at least 1"), Error);
  }

  TEST_CASE("networks see coordinates with a mean square of about 1, and none beyond the largest") {
    for (const std::string& name : point_set_names()) {
      const double scale = point_set(name).scale;
      const Own own = drawn(name);
      const double square = mean_of(own, [&](size_t i) { return (own.x[i] * own.x[i] + own.y[i] * own.y[i]) / (2 * scale * scale); });
      CHECK_MESSAGE((square > 0.8 && square < 1.25), name, " ", square);
      for (size_t i = 0; i < own.x.size(); ++i) REQUIRE(std::max(std::abs(own.x[i]), std::abs(own.y[i])) < largest_coordinate * scale);
    }
  }

  TEST_CASE("the mixture has weights 0.8 and 0.2, means (5, 5) and (-5, -5) and unit deviation (A-017)") {
    const Own own = drawn("mixture");
    CHECK(std::abs(share_of(own, 0) - 0.8) < slack(0.8));
    for (const int64_t k : {0, 1}) {
      const double weight = share_of(own, k), centre = k == 0 ? 5 : -5, n = weight * double(many);
      const auto within = [&](const std::function<double(size_t i)>& f) {
        return mean_of(own, [&](size_t i) { return own.label[i] == k ? f(i) : 0; }) / weight;
      };
      CHECK(std::abs(within([&](size_t i) { return own.x[i]; }) - centre) < 4 / std::sqrt(n));
      CHECK(std::abs(within([&](size_t i) { return own.y[i]; }) - centre) < 4 / std::sqrt(n));
      // Variance of a squared normal number: 2.
      CHECK(std::abs(within([&](size_t i) { return std::pow(own.x[i] - centre, 2); }) - 1) < 4 * std::sqrt(2 / n));
      CHECK(std::abs(within([&](size_t i) { return (own.x[i] - centre) * (own.y[i] - centre); })) < 4 / std::sqrt(n));
    }
  }

  TEST_CASE("the Swiss roll's radius is its angle, from 1.5 pi to 4.5 pi, evenly (A-195)") {
    const Own own = drawn("swiss-roll");
    const auto radius = [&](size_t i) { return std::hypot(own.x[i], own.y[i]); };
    const auto off = [&](size_t i) { return wrapped(radius(i) - std::atan2(own.y[i], own.x[i])); };
    // Noise across the roll makes it longer: E |a + 0.5 z| = a + 0.5^2 / (2 a), and the mean of 1 / a is log 3 / (3 pi).
    CHECK(std::abs(mean_of(own, off) - 0.125 * std::log(3) / (3 * pi)) < 4 * 0.5 / std::sqrt(double(many)));
    CHECK(std::sqrt(mean_of(own, [&](size_t i) { return off(i) * off(i); })) ==
          doctest::Approx(0.5).epsilon(0.03));     // across the roll, and a little along it
    for (const double turn : {0.25, 0.5, 0.75}) {  // as much of the angle, as much of the points
      const double share = mean_of(own, [&](size_t i) { return radius(i) - off(i) < 1.5 * pi * (1 + 2 * turn) ? 1.0 : 0.0; });
      CHECK(std::abs(share - turn) < slack(turn) + 0.002);
    }
  }

  TEST_CASE("rings, moons and spirals lie on their curves, each label on its own") {
    const Own rings = drawn("rings"), moons = drawn("moons"), spiral = drawn("spiral");
    for (size_t i = 0; i < size_t(many); ++i) {
      const double ring = std::hypot(rings.x[i], rings.y[i]) - double(rings.label[i] + 1);
      CHECK_MESSAGE(std::abs(ring) < 0.55, i);  // 5 deviations of 0.1, and a little: noise is in the plane
      const double side = moons.label[i] == 0 ? 1 : -1, u = side * moons.x[i] + 0.5, v = side * moons.y[i] + 0.25;
      CHECK_MESSAGE(std::abs(std::hypot(u, v) - 1) < 0.55, i);
      CHECK_MESSAGE(v > -0.5, i);
    }
    for (const int64_t k : {0, 1, 2}) CHECK(std::abs(share_of(rings, k) - 1.0 / 3) < slack(1.0 / 3));
    for (const int64_t k : {0, 1}) {
      CHECK(std::abs(share_of(moons, k) - 0.5) < slack(0.5));
      CHECK(std::abs(share_of(spiral, k) - 0.5) < slack(0.5));
    }
    // Beyond the middle, where noise turns a point by little.
    const double off = mean_of(spiral, [&](size_t i) {
      const double radius = std::hypot(spiral.x[i], spiral.y[i]), angle = std::atan2(spiral.y[i], spiral.x[i]) - pi * double(spiral.label[i]);
      return radius > 3 ? std::pow(wrapped(radius - angle), 2) : 0;
    });
    CHECK(std::sqrt(off) < 0.35);
  }

  TEST_CASE("the checkerboard fills its eight fields evenly and no other") {
    const Own own = drawn("checkerboard");
    std::vector<int64_t> count(16);
    for (size_t i = 0; i < size_t(many); ++i) ++count[size_t(4 * std::floor(own.y[i] + 2) + std::floor(own.x[i] + 2))];
    for (size_t field = 0; field < 16; ++field) {
      const double share = double(count[field]) / double(many), expected = (field / 4 + field % 4) % 2 == 0 ? 1.0 / 8 : 0;
      CHECK_MESSAGE(std::abs(share - expected) <= slack(expected), field);
    }
  }

  TEST_CASE("the grid has 25 components of equal weight, deviation 0.2, on even numbers") {
    const Own own = drawn("gaussians");
    const auto off = [](double v) { return v - 2 * std::round(v / 2); };
    CHECK(std::sqrt(mean_of(own, [&](size_t i) { return off(own.x[i]) * off(own.x[i]); })) == doctest::Approx(0.2).epsilon(0.02));
    CHECK(std::sqrt(mean_of(own, [&](size_t i) { return off(own.y[i]) * off(own.y[i]); })) == doctest::Approx(0.2).epsilon(0.02));
    for (int64_t k = 0; k < 25; ++k) CHECK(std::abs(share_of(own, k) - 0.04) < slack(0.04));
    CHECK(point_set("gaussians").components[7].mean == std::array<double, 2>{0, -2});
    for (size_t i = 0; i < own.x.size(); ++i) {
      const auto& mean = point_set("gaussians").components[size_t(own.label[i])].mean;
      if (std::hypot(own.x[i] - mean[0], own.y[i] - mean[1]) > 1.2) FAIL(i);  // 6 deviations
    }
  }

  TEST_CASE("the loader gives points as they are, each once an epoch, and refuses to flip or rotate them") {
    const Dataset set = load_dataset({.name = "rings", .count = 10});
    Loader loader(set, {.batch = 5});
    std::vector<float> seen, all = set.images.to_vector<float>();
    for (const int64_t step : {0, 1}) {
      const Batch batch = loader.at(step);
      CHECK(batch.images.shape() == Shape{5, 1, 1, 2});
      CHECK(batch.labels.shape() == Shape{5});
      for (const float v : batch.images.to_vector<float>()) seen.push_back(v);
    }
    CHECK(seen != all);
    std::sort(seen.begin(), seen.end());
    std::sort(all.begin(), all.end());
    CHECK(seen == all);
    CHECK_THROWS_WITH_AS(Loader(set, {.flip = true}), doctest::Contains("'rings' can be neither flipped nor rotated"), Error);
    CHECK_THROWS_WITH_AS(Loader(set, {.rotate = true}), doctest::Contains("neither flipped nor rotated"), Error);
  }

  TEST_CASE("a picture of points has one unit as long on both axes, and leaves out what is not finite") {
    // Where blue pixels are: the middle of each half, left and right or top and bottom.
    const auto extent = [](const Tensor& image, bool vertical) {
      const std::vector<int32_t> v = image.to_vector<int32_t>();
      int64_t first = 1 << 20, last = -1;
      for (int64_t i = 0; i < image.extent(0) * image.extent(1); ++i)
        if (v[size_t(3 * i + 2)] > v[size_t(3 * i)] + 20) {
          const int64_t at = vertical ? i / image.extent(1) : i % image.extent(1);
          first = std::min(first, at), last = std::max(last, at);
        }
      return double(last - first - 1);  // a dot has two pixels
    };
    const Tensor wide = scatter(Tensor::from<float>({0, 0, 10, 0, 0, 5, NAN, 3, INFINITY, 0}, {5, 1, 1, 2}));
    CHECK(wide.shape() == Shape{240, 240, 3});
    CHECK(extent(wide, true) / extent(wide, false) == doctest::Approx(0.5).epsilon(0.02));
    const Tensor square =
        scatter(Tensor::from<float>({-1, -1, 1, 1, 9, 9}, {3, 2}), {.size = 300, .scale = 2, .reach = 4});  // the last is beyond the axes
    CHECK(extent(square, true) == extent(square, false));
    CHECK(extent(square, true) == doctest::Approx((300 - 38) / 2.0).epsilon(0.02));  // 4 of 8 units
    CHECK_THROWS_WITH_AS(scatter(Tensor::from<float>({NAN, 1}, {1, 2})), doctest::Contains("no finite points"), Error);
    CHECK_THROWS_WITH_AS(scatter(Tensor::zeros({4, 2, 2, 1})), doctest::Contains("expected f32 points"), Error);
  }
}
