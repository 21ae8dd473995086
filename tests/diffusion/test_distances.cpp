// Sliced Wasserstein distances against closed forms, and shares of mixtures.
#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "diffusion/distances.h"

using namespace ito;

namespace {

constexpr SlicedOptions first_order{.order = 1, .projections = 720};

Tensor normal_points(int64_t n, uint64_t seed) { return normal_from({n, 1, 1, 2}, {.seed = seed}, 0); }

Tensor moved(const Tensor& points, float x, float y, float factor = 1) {
  const Tensor out = points.clone();
  for (int64_t i = 0; i < points.extent(0); ++i) {
    out.data<float>()[2 * i] = factor * out.data<float>()[2 * i] + x;
    out.data<float>()[2 * i + 1] = factor * out.data<float>()[2 * i + 1] + y;
  }
  return out;
}

}  // namespace

TEST_SUITE("diffusion") {
  TEST_CASE("a set moved by d is |d| / sqrt 2 away in order 2, 2 |d| / pi in order 1; a set is nowhere away from itself") {
    const Tensor x = normal_points(300, 1);
    const double d = std::hypot(3, 4);
    // Evenly spread, cos^2 adds up to K/2 exactly; |cos| only as K grows: error pi^2 / (12 K^2).
    for (const int64_t k : {2, 3, 64})
      CHECK(sliced_wasserstein(x, moved(x, 3, 4), {.projections = k}) == doctest::Approx(d / std::sqrt(2)).epsilon(1e-6));
    CHECK(sliced_wasserstein(x, moved(x, 3, 4), first_order) == doctest::Approx(2 * d / std::numbers::pi).epsilon(1e-5));
    CHECK(sliced_wasserstein(x, x) == 0);
    CHECK(sliced_wasserstein(x, x, first_order) == 0);
  }

  TEST_CASE("normal distributions N(0, I) and N(0, s^2 I) are |s - 1| away") {
    const Tensor x = normal_points(4000, 1), y = normal_points(4000, 2);
    // Of the same points made larger, exactly: the order along a line does not change, so SW_2^2 = (s - 1)^2 mean |x|^2 / 2.
    double square = 0;
    for (const double v : x.to_vector<double>()) square += v * v / 8000;
    CHECK(sliced_wasserstein(x, moved(x, 0, 0, 1.5F)) == doctest::Approx(0.5 * std::sqrt(square)).epsilon(1e-6));
    // Of other points: what n = 4000 leaves of the noise adds up in squares (the floor of two such sets is about 0.03).
    CHECK(sliced_wasserstein(x, moved(y, 0, 0, 1.5F)) == doctest::Approx(0.5).epsilon(0.05));
    // Means of n points are off by sqrt(2 / n) = 0.022 from one another.
    CHECK(std::abs(sliced_wasserstein(x, moved(y, 3, 0)) - 3 / std::sqrt(2)) < 4 * 0.022 / std::sqrt(2));
  }

  TEST_CASE("points on a line: the one-dimensional distance, times what the directions see of it") {
    // Sorted {0, 1, 2} and {1, 2, 6}: W_1 = (1 + 1 + 4) / 3, W_2^2 = (1 + 1 + 16) / 3.
    const Tensor a = Tensor::from<float>({2, 0, 0, 0, 1, 0}, {3, 2}), b = Tensor::from<float>({1, 0, 6, 0, 2, 0}, {3, 2});
    CHECK(sliced_wasserstein(a, b, first_order) == doctest::Approx(2 * 2 / std::numbers::pi).epsilon(1e-5));
    CHECK(sliced_wasserstein(a, b) == doctest::Approx(std::sqrt(6.0 / 2)).epsilon(1e-9));
    CHECK(sliced_wasserstein(b, a) == sliced_wasserstein(a, b));
  }

  TEST_CASE("the resample floor falls as 1 / sqrt n, and other sets lie above it") {
    const double few = resample_floor("swiss-roll", 500), more = resample_floor("swiss-roll", 2000);
    CHECK(few / more == doctest::Approx(2).epsilon(0.25));  // 8 pairs each; a single floor varies by about 30 %
    CHECK(resample_floor("swiss-roll", 500) == few);
    const auto points = [](const char* name, uint32_t stream) { return draw_points(name, 2000, {.stream = stream}).points; };
    CHECK(sliced_wasserstein(points("swiss-roll", 0), points("swiss-roll", 1)) < 2 * more);
    CHECK(sliced_wasserstein(points("swiss-roll", 0), points("rings", 1)) > 4 * more);
  }

  TEST_CASE("shares of a mixture's components are those of its labels, and show a wrong weight (A-017)") {
    const PointSet& set = point_set("mixture");
    const Points drawn = draw_points("mixture", 5000, {});
    double first = 0;
    for (const double label : drawn.labels.to_vector<double>()) first += label == 0 ? 1.0 / 5000 : 0;
    const std::vector<double> shares = component_shares(drawn.points, set);  // the components are 14 deviations apart: none is taken for the other
    CHECK(shares[0] == doctest::Approx(first).epsilon(1e-9));
    CHECK(shares[0] + shares[1] == doctest::Approx(1));
    CHECK(component_shares(Tensor::from<float>({1, 1, -1, -1}, {2, 1, 1, 2}), set) == std::vector<double>{0.5, 0.5});
    const std::vector<double> grid = component_shares(draw_points("gaussians", 5000, {}).points, point_set("gaussians"));
    for (const double share : grid) CHECK(std::abs(share - 0.04) < 4 * std::sqrt(0.04 * 0.96 / 5000));
  }

  TEST_CASE("distances refuse what they are not defined for") {
    const Tensor x = normal_points(4, 1), bad = Tensor::from<float>({1, NAN}, {1, 2});
    CHECK_THROWS_WITH_AS(sliced_wasserstein(x, normal_points(5, 1)), doctest::Contains("as many points, got 4 and 5"), Error);
    CHECK_THROWS_WITH_AS(sliced_wasserstein(x, x, {.order = 3}), doctest::Contains("order 1 or 2"), Error);
    CHECK_THROWS_WITH_AS(sliced_wasserstein(bad, bad), doctest::Contains("not finite"), Error);
    CHECK_THROWS_WITH_AS(sliced_wasserstein(Tensor::zeros({4, 2, 2, 1}), x), doctest::Contains("expected f32 points"), Error);
    CHECK_THROWS_WITH_AS(component_shares(x, point_set("rings")), doctest::Contains("'rings' is no mixture"), Error);
    CHECK_THROWS_WITH_AS(resample_floor("circles", 10), doctest::Contains("there are:"), Error);
  }
}
