#include "data/triangles.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/parallel.h"

namespace ito {

namespace {

// The mean of max(0, b - X) for X evenly spread over [low, high].
double mean_excess(double b, double low, double high) {
  if (b <= low) return 0;
  if (b >= high) return b - (low + high) / 2;
  return (b - low) * (b - low) / (2 * (high - low));
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

std::array<double, 3> random_colour(const Generator& key, int64_t index) {
  const Tensor u = uniform_from({3}, {key.seed, key.stream, key.call + 1}, 3 * index, 0, 1, DType::f64);
  const double* c = u.data<double>();
  const double largest = std::max({c[0], c[1], c[2], 0x1p-24});
  return {c[0] / largest, c[1] / largest, c[2] / largest};
}

// To the right of the piece of an edge that lies in a row of pixels, which is dy high and spread over [low, high], a pixel [x, x + 1] is covered by
//   dy mean clamp(x + 1 - X, 0, 1) = dy (mean_excess(x + 1) - mean_excess(x))
// and what lies to the right of two edges that go up and down cancels.
void cover(const Triangle& triangle, int64_t size, double* shares) {
  std::fill_n(shares, size * size, 0.0);
  for (size_t k = 0; k < 3; ++k) {
    const Point &from = triangle[k], &to = triangle[(k + 1) % 3];
    const double top = std::max(0.0, std::min(from.y, to.y)), bottom = std::min(double(size), std::max(from.y, to.y));
    const double slope = (to.x - from.x) / (to.y - from.y), sign = from.y < to.y ? 1 : -1;
    if (!std::isfinite(slope)) continue;  // a level edge: it has no height, and nowhere to be in a row
    for (auto row = int64_t(top); double(row) < bottom; ++row) {
      const double y0 = std::max(top, double(row)), y1 = std::min(bottom, double(row + 1)), height = sign * (y1 - y0);
      const double x0 = from.x + (y0 - from.y) * slope, x1 = from.x + (y1 - from.y) * slope, low = std::min(x0, x1), high = std::max(x0, x1);
      double* out = shares + row * size;
      auto x = int64_t(std::clamp(std::floor(low), 0.0, double(size)));
      double before = mean_excess(double(x), low, high);
      for (; x < size && double(x) < high; ++x) {
        const double after = mean_excess(double(x + 1), low, high);
        out[x] += height * (after - before);
        before = after;
      }
      for (; x < size; ++x) out[x] += height;
    }
  }
  for (int64_t i = 0; i < size * size; ++i) shares[i] = std::abs(shares[i]);
}

void cover_centres(const Triangle& t, int64_t size, double* shares) {
  const auto side = [](const Point& a, const Point& b, double x, double y) { return (b.x - a.x) * (y - a.y) - (b.y - a.y) * (x - a.x); };
  for (int64_t y = 0; y < size; ++y)
    for (int64_t x = 0; x < size; ++x) {
      const double cx = double(x) + 0.5, cy = double(y) + 0.5;
      const double a = side(t[0], t[1], cx, cy), b = side(t[1], t[2], cx, cy), c = side(t[2], t[0], cx, cy);
      shares[y * size + x] = (a >= 0 && b >= 0 && c >= 0) || (a <= 0 && b <= 0 && c <= 0);
    }
}

Tensor draw_triangle(const Triangle& triangle, int64_t size, Drawing drawing) {
  const auto in_pixels = [&](int64_t n) {
    Triangle t = triangle;
    for (Point& corner : t) corner = {corner.x * double(n), corner.y * double(n)};
    return t;
  };
  const auto drawn = [&](auto&& way, int64_t n) {
    std::vector<double> shares(size_t(n * n));
    way(in_pixels(n), n, shares.data());
    return shares;
  };
  const std::vector<double> shares = drawing == Drawing::exact     ? drawn(cover, size)
                                     : drawing == Drawing::aliased ? drawn(cover_centres, size)
                                                                   : reduce(drawn(cover_centres, large), large, size);
  const Tensor image = Tensor::empty({size, size, 1}, DType::u8);
  std::transform(shares.begin(), shares.end(), image.data<uint8_t>(), [](double c) { return uint8_t(std::lround(255 * std::clamp(c, 0.0, 1.0))); });
  return image;
}

Tensor draw_triangles(int64_t count, int64_t size, Drawing drawing, const Generator& key, int64_t channels) {
  ITO_CHECK(count > 0 && size > 0, "triangles: count and size must be positive");
  ITO_CHECK(channels == 1 || channels == 3, "triangles have 1 channel or 3, not ", channels);
  const Tensor images = Tensor::empty({count, size, size, channels}, DType::u8);
  const int64_t pixels = size * size;
  kernels::parallel_for(count, 16, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const Tensor grey = draw_triangle(random_triangle(key, i), size, drawing);
      const std::array<double, 3> colour = channels == 1 ? std::array<double, 3>{1, 1, 1} : random_colour(key, i);
      uint8_t* out = images.data<uint8_t>() + i * pixels * channels;
      for (int64_t k = 0; k < pixels * channels; ++k) {
        const int64_t pixel = k / channels;
        out[k] = uint8_t(std::lround(colour[size_t(k % channels)] * grey.data<uint8_t>()[pixel]));
      }
    }
  });
  return images;
}

}  // namespace ito
