#include "data/triangles.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/parallel.h"

namespace ito {

namespace {

using Polygon = std::vector<Point>;

double signed_area(const Polygon& p) {
  double sum = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    const Point &a = p[i], &b = p[(i + 1) % p.size()];
    sum += a.x * b.y - b.x * a.y;
  }
  return sum / 2;
}

// The part of a polygon where inside(point) >= 0, inside being linear (Sutherland & Hodgman 1974).
template <class Inside>
Polygon clip(const Polygon& p, Inside&& inside) {
  Polygon out;
  for (size_t i = 0; i < p.size(); ++i) {
    const Point &a = p[i], &b = p[(i + 1) % p.size()];
    const double da = inside(a), db = inside(b);
    if (da >= 0) out.push_back(a);
    if ((da >= 0) != (db >= 0)) out.push_back({a.x + (b.x - a.x) * da / (da - db), a.y + (b.y - a.y) * da / (da - db)});
  }
  return out;
}

// Covered area of every pixel, [0, 1]; the triangle in pixels.
std::vector<double> exact_coverage(const Polygon& triangle, int64_t size) {
  std::vector<double> cover(size_t(size * size));
  for (int64_t y = 0; y < size; ++y) {
    const Polygon above = clip(triangle, [=](Point p) { return p.y - double(y); });
    const Polygon row = clip(above, [=](Point p) { return double(y + 1) - p.y; });
    for (int64_t x = 0; x < size && !row.empty(); ++x) {
      const Polygon right = clip(row, [=](Point p) { return p.x - double(x); });
      cover[size_t(y * size + x)] = std::abs(signed_area(clip(right, [=](Point p) { return double(x + 1) - p.x; })));
    }
  }
  return cover;
}

// 1 where the centre of a pixel is inside.
std::vector<double> centre_coverage(const Polygon& t, int64_t size) {
  std::vector<double> cover(size_t(size * size));
  const auto side = [](const Point& a, const Point& b, double x, double y) { return (b.x - a.x) * (y - a.y) - (b.y - a.y) * (x - a.x); };
  for (int64_t y = 0; y < size; ++y)
    for (int64_t x = 0; x < size; ++x) {
      const double cx = double(x) + 0.5, cy = double(y) + 0.5;
      const double a = side(t[0], t[1], cx, cy), b = side(t[1], t[2], cx, cy), c = side(t[2], t[0], cx, cy);
      cover[size_t(y * size + x)] = (a >= 0 && b >= 0 && c >= 0) || (a <= 0 && b <= 0 && c <= 0);
    }
  return cover;
}

// Averages over the source pixels under each target pixel, with their shares where the sizes do not divide.
std::vector<double> reduce(const std::vector<double>& from, int64_t from_size, int64_t size) {
  const double ratio = double(from_size) / double(size);
  std::vector<double> out(size_t(size * size));
  for (int64_t y = 0; y < size; ++y)
    for (int64_t x = 0; x < size; ++x) {
      double sum = 0;
      const auto share = [&](int64_t i, int64_t j) {
        return std::min(double(i + 1), double(j + 1) * ratio) - std::max(double(i), double(j) * ratio);
      };
      for (int64_t i = int64_t(double(y) * ratio); i < std::min(from_size, int64_t(std::ceil(double(y + 1) * ratio))); ++i)
        for (int64_t j = int64_t(double(x) * ratio); j < std::min(from_size, int64_t(std::ceil(double(x + 1) * ratio))); ++j)
          sum += share(i, y) * share(j, x) * from[size_t(i * from_size + j)];
      out[size_t(y * size + x)] = sum / (ratio * ratio);
    }
  return out;
}

constexpr int64_t large = 720;

}  // namespace

Drawing drawing_named(const std::string& name) {
  if (name == "aliased") return Drawing::aliased;
  if (name == "reduced") return Drawing::reduced;
  if (name == "exact") return Drawing::exact;
  fail("no way of drawing '", name, "'; there are: aliased reduced exact");
}

Triangle random_triangle(const Generator& key, int64_t index) {
  const Tensor u = uniform_from({6}, key, 6 * index, 0, 1, DType::f64);
  const double* c = u.data<double>();
  return {{{c[0], c[1]}, {c[2], c[3]}, {c[4], c[5]}}};
}

Tensor draw_triangle(const Triangle& triangle, int64_t size, Drawing drawing) {
  const auto in_pixels = [&](int64_t n) {
    Polygon p;
    for (const Point& corner : triangle) p.push_back({corner.x * double(n), corner.y * double(n)});
    return p;
  };
  const std::vector<double> cover = drawing == Drawing::exact     ? exact_coverage(in_pixels(size), size)
                                    : drawing == Drawing::aliased ? centre_coverage(in_pixels(size), size)
                                                                  : reduce(centre_coverage(in_pixels(large), large), large, size);
  const Tensor image = Tensor::empty({size, size, 1}, DType::u8);
  std::transform(cover.begin(), cover.end(), image.data<uint8_t>(), [](double c) { return uint8_t(std::lround(255 * std::clamp(c, 0.0, 1.0))); });
  return image;
}

Tensor draw_triangles(int64_t count, int64_t size, Drawing drawing, const Generator& key) {
  ITO_CHECK(count > 0 && size > 0, "triangles: count and size must be positive");
  const Tensor images = Tensor::empty({count, size, size, 1}, DType::u8);
  kernels::parallel_for(count, 16, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i)
      images.rows(i, i + 1).view({size, size, 1}).copy_from(draw_triangle(random_triangle(key, i), size, drawing));
  });
  return images;
}

}  // namespace ito
