// The score of triangle images: what is a triangle scores about 1, and what is not stays where geometry says.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include "data/dataset.h"
#include "diffusion/triangle_score.h"

using namespace ito;

namespace {

constexpr int64_t size = 32;

// Each pixel the share of 8 x 8 points of it that are inside; x and y in units of the canvas.
Tensor drawn(const std::function<bool(double x, double y)>& inside) {
  constexpr int64_t fine = 8, points = size * fine;
  const Tensor image = Tensor::full({size, size, 1}, -1);
  for (int64_t v = 0; v < points; ++v)
    for (int64_t u = 0; u < points; ++u)
      if (inside((double(u) + 0.5) / points, (double(v) + 0.5) / points)) image.data<float>()[v / fine * size + u / fine] += 2.0F / (fine * fine);
  return image;
}

bool in_disc(double x, double y, double cx, double cy, double r) { return std::hypot(x - cx, y - cy) < r; }

// The largest of f over a grid.
double maximum(double low, double high, const std::function<double(double)>& f) {
  double best = 0;
  for (double v = low; v <= high; v += (high - low) / 400) best = std::max(best, f(v));
  return best;
}

// A regular triangle with inner radius r around the unit disc's centre: three segments of the disc are cut off.
double disc_by_triangle(double r) {
  const double both = std::numbers::pi - 3 * (std::acos(r) - r * std::sqrt(1 - r * r)), triangle = 3 * std::sqrt(3.0) * r * r;
  return both / (std::numbers::pi + triangle - both);
}

// A triangle of base 2 w and height h that stands with its base on that of the unit square, upright and in its middle.
double square_by_triangle(double w, double h) {
  double both = 0;
  constexpr int rows = 200;
  for (int i = 0; i < rows; ++i) both += std::clamp(2 * w * (1 - (i + 0.5) / rows / h), 0.0, 1.0) / rows;
  return both / (1 + w * h - both);
}

Tensor with_noise(const Tensor& images, double deviation, uint64_t seed) {
  const Tensor noise = normal_from(images.shape(), {.seed = seed}, 0), out = images.clone();
  for (int64_t i = 0; i < out.numel(); ++i) out.data<float>()[i] += float(2 * deviation) * noise.data<float>()[i];
  return out;
}

}  // namespace

TEST_SUITE("diffusion") {
  TEST_CASE("real triangles of every drawing, grey and coloured, and with 5 % noise count as triangles, all but the thinnest (A-194, A-236)") {
    constexpr int64_t count = 60;
    const Generator key{.seed = 5};
    for (const Drawing drawing : {Drawing::exact, Drawing::reduced, Drawing::aliased})
      for (const int64_t channels : {1, 3}) {
        const Tensor images = unit_range(draw_triangles(count, size, drawing, key, channels));
        for (const double noise : {0.0, 0.05}) {
          const TriangleScores scores = triangle_scores(with_noise(images, noise, 6));
          for (int64_t i = 0; i < count; ++i) {
            const Triangle t = random_triangle(key, i);
            const double area = std::abs((t[1].x - t[0].x) * (t[2].y - t[0].y) - (t[1].y - t[0].y) * (t[2].x - t[0].x)) / 2 * size * size;
            if (area > 32) CHECK_MESSAGE(scores.score[size_t(i)] > valid_triangle, i, " ", int(drawing), " ", channels, " ", noise);
          }
          CHECK_MESSAGE(scores.valid > 0.7, int(drawing), " ", channels, " ", noise, " ", scores.valid);  // 0.87 of 1,000; four deviations are 0.17
          CHECK(scores.mean > 0.88);
        }
      }
  }

  TEST_CASE("the fit of an exact drawing is the triangle that was drawn") {
    const Triangle t{{{0.1, 0.2}, {0.9, 0.35}, {0.3, 0.85}}};
    const TriangleFit fit = fit_triangle(unit_range(draw_triangle(t, size, Drawing::exact)));
    CHECK(fit.score > 0.99);
    for (const Point& corner : t) {
      double nearest = 1;
      for (const Point& found : fit.triangle) nearest = std::min(nearest, std::hypot(found.x - corner.x, found.y - corner.y));
      CHECK(nearest < 0.01);
    }
  }

  TEST_CASE("discs and squares reach what geometry allows; two triangles, noise and blank images less") {
    const double disc = maximum(0.5, 1, disc_by_triangle);
    const double square = maximum(0.5, 1.5, [](double w) { return maximum(1, 3, [w](double h) { return square_by_triangle(w, h); }); });
    CHECK(disc == doctest::Approx(0.695).epsilon(0.002));
    CHECK(square == doctest::Approx(1 / std::sqrt(2)).epsilon(0.002));
    // Small enough that the best triangle lies on the canvas.
    const double seen_disc = fit_triangle(drawn([](double x, double y) { return in_disc(x, y, 0.5, 0.45, 0.28); })).score;
    const double seen_square = fit_triangle(drawn([](double x, double y) { return std::max(std::abs(x - 0.5), std::abs(y - 0.5)) < 0.24; })).score;
    CHECK_MESSAGE(seen_disc == doctest::Approx(disc).epsilon(0.03), seen_disc);
    CHECK_MESSAGE(seen_square == doctest::Approx(square).epsilon(0.03), seen_square);

    const auto triangle = [](const Triangle& t) { return draw_triangle(t, size, Drawing::exact); };
    const Tensor a = triangle({{{0.05, 0.05}, {0.45, 0.05}, {0.05, 0.45}}}), b = triangle({{{0.95, 0.95}, {0.55, 0.95}, {0.95, 0.55}}}),
                 both = a.clone();
    for (int64_t i = 0; i < size * size; ++i) both.data<uint8_t>()[i] = std::max(a.data<uint8_t>()[i], b.data<uint8_t>()[i]);
    CHECK(fit_triangle(unit_range(a)).score > 0.97);
    CHECK(fit_triangle(unit_range(both)).score == doctest::Approx(0.5).epsilon(0.05));
    CHECK(fit_triangle(uniform_from({size, size, 1}, {.seed = 1}, 0, -1, 1)).score < 0.65);
    CHECK(fit_triangle(Tensor::full({size, size, 1}, -1)).score == 0);
    CHECK(fit_triangle(Tensor::full({size, size, 1}, 1)).score == doctest::Approx(0.5).epsilon(0.03));  // half of the canvas at most
    CHECK(fit_triangle(Tensor::full({size, size, 1}, NAN)).score == 0);
    CHECK_THROWS_WITH_AS(fit_triangle(Tensor::zeros({4, 5, 1})), doctest::Contains("expected a square image"), Error);
    CHECK_THROWS_WITH_AS(triangle_scores(Tensor::zeros({4, 4, 1})), doctest::Contains("expected images (N, H, H, C)"), Error);
  }

  TEST_CASE("grey smears score lower than triangles, and less than two pixels score nothing") {
    const Triangle t{{{0.1, 0.2}, {0.9, 0.35}, {0.3, 0.85}}};
    const Tensor sharp = unit_range(draw_triangle(t, size, Drawing::exact)), smeared = sharp.clone();
    for (int64_t y = 3; y < size - 3; ++y)
      for (int64_t x = 3; x < size - 3; ++x) {
        float sum = 0;
        for (int64_t v = y - 3; v <= y + 3; ++v)
          for (int64_t u = x - 3; u <= x + 3; ++u) sum += sharp.data<float>()[v * size + u] / 49;
        smeared.data<float>()[y * size + x] = sum;
      }
    CHECK(fit_triangle(smeared).score < valid_triangle);
    CHECK(fit_triangle(smeared).score > 0.7);
    const Tensor dot = Tensor::full({size, size, 1}, -1);
    dot.data<float>()[100] = 1;
    CHECK(fit_triangle(dot).area == doctest::Approx(1));
    CHECK(fit_triangle(dot).score == 0);
  }
}
