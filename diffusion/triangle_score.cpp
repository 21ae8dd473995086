#include "diffusion/triangle_score.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/parallel.h"

namespace ito {

namespace {

constexpr double dark = 0.2, bright = 0.8;
constexpr double clear = 0.97;  // above it, nothing else is tried

double contrast(double v) { return std::clamp((v - dark) / (bright - dark), 0.0, 1.0); }

// Square, `size` pixels a side.
struct Mask {
  int64_t size;
  std::vector<double> values;
  double area = 0;
};

Mask mask_of(const Tensor& image) {
  const int64_t channels = image.extent(2);
  Mask mask{image.extent(0), std::vector<double>(size_t(image.extent(0) * image.extent(0)))};
  const float* pixel = image.data<float>();
  for (double& value : mask.values) {
    float brightest = -1;  // a NaN is not brighter
    for (int64_t c = 0; c < channels; ++c) brightest = std::max(brightest, pixel[c]);
    mask.area += value = contrast((double(brightest) + 1) / 2);
    pixel += channels;
  }
  return mask;
}

using Cover = void (*)(const Triangle& triangle, int64_t size, double* shares);

// Overlaps of one mask with many triangles, in pixels, drawn in one way.
class Overlap {
 public:
  Overlap(const Mask& mask, Cover way) : mask_(mask), cover_(way), shares_(mask.values.size()) {}

  double operator()(const Triangle& t) {
    cover_(t, mask_.size, shares_.data());
    double both = 0, any = 0;
    for (size_t i = 0; i < shares_.size(); ++i) {
      const double share = contrast(shares_[i]), value = mask_.values[i];
      both += std::min(share, value);
      any += std::max(share, value);
    }
    return any > 0 ? both / any : 0;
  }
  double size() const { return double(mask_.size); }

 private:
  const Mask& mask_;
  Cover cover_;
  std::vector<double> shares_;
};

double cross(const Point& o, const Point& a, const Point& b) { return (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x); }

using Pixels = std::vector<int64_t>;  // by their number, row by row

Pixels at_least_half_bright(const Mask& mask) {
  Pixels out;
  for (size_t i = 0; i < mask.values.size(); ++i)
    if (mask.values[i] >= 0.5) out.push_back(int64_t(i));
  return out;
}

// The largest set of the pixels that hang together by sides or corners.
Pixels largest_part(const Pixels& pixels, int64_t size) {
  std::vector<bool> waiting(size_t(size * size));
  for (const int64_t i : pixels) waiting[size_t(i)] = true;
  Pixels largest;
  for (const int64_t start : pixels) {
    if (!waiting[size_t(start)]) continue;
    waiting[size_t(start)] = false;
    Pixels part{start};
    for (size_t k = 0; k < part.size(); ++k) {
      const int64_t y = part[k] / size, x = part[k] % size;
      for (int64_t v = std::max<int64_t>(y - 1, 0); v <= std::min(y + 1, size - 1); ++v)
        for (int64_t u = std::max<int64_t>(x - 1, 0); u <= std::min(x + 1, size - 1); ++u)
          if (waiting[size_t(v * size + u)]) {
            waiting[size_t(v * size + u)] = false;
            part.push_back(v * size + u);
          }
    }
    if (part.size() > largest.size()) largest = part;
  }
  return largest;
}

// The convex hull of all corners of the pixels, by Andrew's monotone chain.
std::vector<Point> hull_of(const Pixels& pixels, int64_t size) {
  std::vector<Point> points;
  for (const int64_t i : pixels) {
    const int64_t x = i % size, y = i / size;
    for (const int64_t right : {0, 1})
      for (const int64_t down : {0, 1}) points.push_back({double(x + right), double(y + down)});
  }
  std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) { return a.x < b.x || (a.x == b.x && a.y < b.y); });
  std::vector<Point> hull;
  for (const bool back : {false, true}) {
    const size_t start = hull.size();
    for (const Point& p : points) {
      while (hull.size() >= start + 2 && cross(hull[hull.size() - 2], hull.back(), p) <= 0) hull.pop_back();
      hull.push_back(p);
    }
    if (!hull.empty()) hull.pop_back();
    if (!back) std::reverse(points.begin(), points.end());
  }
  return hull;
}

// The largest triangle between corners of the hull.
Triangle largest_inside(const std::vector<Point>& hull) {
  Triangle best{};
  double largest = -1;
  for (size_t i = 0; i < hull.size(); ++i)
    for (size_t j = i + 1; j < hull.size(); ++j)
      for (size_t k = j + 1; k < hull.size(); ++k)
        if (const double area = cross(hull[i], hull[j], hull[k]); area > largest) largest = area, best = {hull[i], hull[j], hull[k]};
  return best;
}

// Real triangles have their corners on the canvas.
Point inside(double size, const Point& p) { return {std::clamp(p.x, 0.0, size), std::clamp(p.y, 0.0, size)}; }

// A triangle with mean c and covariance L L^T is the regular one of radius sqrt(8), turned by some angle, under c + L: tried at six.
std::vector<Triangle> with_moments(const Mask& mask) {
  double x = 0, y = 0, xx = 1e-6, xy = 0, yy = 1e-6;  // so that a line has an inverse
  const auto over_pixels = [&](auto&& add) {
    for (int64_t v = 0; v < mask.size; ++v)
      for (int64_t u = 0; u < mask.size; ++u) add(double(u) + 0.5, double(v) + 0.5, mask.values[size_t(v * mask.size + u)] / mask.area);
  };
  over_pixels([&](double u, double v, double w) { x += w * u, y += w * v; });
  over_pixels([&](double u, double v, double w) { xx += w * (u - x) * (u - x), xy += w * (u - x) * (v - y), yy += w * (v - y) * (v - y); });
  const double a = std::sqrt(xx), b = xy / a, c = std::sqrt(std::max(yy - b * b, 1e-6));  // Cholesky
  std::vector<Triangle> out;
  for (int turn = 0; turn < 6; ++turn) {
    Triangle t;
    for (int k = 0; k < 3; ++k) {
      const double angle = 2 * std::numbers::pi * (k / 3.0 + turn / 18.0), u = std::sqrt(8.0) * std::cos(angle), v = std::sqrt(8.0) * std::sin(angle);
      t[size_t(k)] = inside(double(mask.size), {x + a * u, y + b * u + c * v});
    }
    out.push_back(t);
  }
  return out;
}

struct Scored {
  double score;
  Triangle triangle;
};

// Each corner in turn to whichever of eight places around it is better; with smaller steps when none is.
Scored refined(Overlap& overlap, Scored best) {
  constexpr double largest_step = 2, least_step = 0.05;
  for (double step = largest_step; step > least_step; step /= 2)
    for (bool better = true; better;) {
      better = false;
      for (size_t corner = 0; corner < 3; ++corner)
        for (int direction = 0; direction < 8; ++direction) {
          const double angle = direction * std::numbers::pi / 4;
          Triangle t = best.triangle;
          t[corner] = inside(overlap.size(), {t[corner].x + step * std::cos(angle), t[corner].y + step * std::sin(angle)});
          if (const double score = overlap(t); score > best.score) best = {score, t}, better = true;
        }
    }
  return best;
}

// Of the triangles the one that overlaps most, refined.
Scored best_from(Overlap& overlap, const std::vector<Triangle>& starts) {
  Scored best{-1, {}};
  for (const Triangle& t : starts)
    if (const double score = overlap(t); score > best.score) best = {score, t};
  return refined(overlap, best);
}

}  // namespace

TriangleFit fit_triangle(const Tensor& image) {
  ITO_CHECK(image.rank() == 3 && image.extent(0) == image.extent(1) && image.numel() > 0 && image.dtype() == DType::f32,
            "triangle score: expected a square image f32 (H, H, C), got ", image.dtype(), " ", image.shape());
  const Mask mask = mask_of(image);
  if (mask.area < least_triangle_area) return {.area = mask.area};
  Overlap overlap(mask, cover), by_centres(mask, cover_centres);
  const Pixels pixels = at_least_half_bright(mask), part = largest_part(pixels, mask.size);
  Scored best = best_from(overlap, {largest_inside(hull_of(pixels, mask.size)), largest_inside(hull_of(part, mask.size))});
  const auto improve = [&](const Scored& other) {
    if (other.score > best.score) best = other;
  };
  if (best.score < clear) improve(best_from(overlap, with_moments(mask)));
  if (best.score < clear) improve(best_from(by_centres, {best.triangle}));
  for (Point& corner : best.triangle) corner = {corner.x / double(mask.size), corner.y / double(mask.size)};
  return {best.score, best.triangle, mask.area};
}

TriangleScores triangle_scores(const Tensor& images) {
  ITO_CHECK(images.rank() == 4 && images.extent(0) > 0, "triangle score: expected images (N, H, H, C), got ", images.shape());
  const int64_t n = images.extent(0);
  TriangleScores out{std::vector<double>(size_t(n))};
  kernels::parallel_for(
      n, 1, [&](int64_t i, int64_t last) { out.score[size_t(i)] = fit_triangle(images.rows(i, last).view(images.shape().without(0))).score; });
  for (const double score : out.score) {
    out.mean += score / double(n);
    out.valid += score > valid_triangle ? 1 / double(n) : 0;
  }
  return out;
}

}  // namespace ito
