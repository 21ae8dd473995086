// The transforms of Winograd's minimal filtering F(4x4, 3x3) (Lavin & Gray 2016), a vector of channels at a time. Tiles of 4x4 results y come from
// 6x6 pixels d and filters w,
//   y = A^T [ (G w G^T) . (B^T d B) ] A
// where the product, summed over channels, is a matmul for each of the 36 elements: 36 multiplications where the definition has 144. The filter's
// gradient is the same run backwards, dw = G^T [ (A dy A^T) . (B^T d B) ] G, summed over tiles.
//
// The matrices follow from the points 0, a, -a, b, -b and infinity at which polynomials are multiplied (Toom 1963, Cook 1966). a = sqrt(1/2) and
// b = sqrt(2) instead of the usual 1 and 2 keep the powers near 1, and so the error small (Barabasz et al. 2020): in f32 two to six times the
// definition's.
#pragma once

#include <numbers>

#include "kernels/conv2d/conv2d.h"
#include "kernels/gemm/gemm.h"
#include "kernels/scratch.h"

namespace ito::kernels::winograd {

constexpr int64_t tile = 4, patch = 6, frequencies = patch * patch;

// Images (batch, height, width, channels) cut into tiles, row after row, image after image.
struct Tiles {
  int64_t batch, height, width;
  int64_t down() const { return ceil_div(height, tile); }
  int64_t across() const { return ceil_div(width, tile); }
  int64_t count() const { return batch * down() * across(); }
  struct Place {
    int64_t image, top, left;
  };
  Place place(int64_t index) const { return {index / (across() * down()), index / across() % down() * tile, index % across() * tile}; }

  // Where the first channels of the size x size pixels from `at` on are; of pixels outside of the image `outside`, and so for all channels: their
  // number is masked.
  template <class T, size_t size>
  void pixels(const Place& at, T* image, int64_t channels, T* outside, T* (&place)[size][size], int64_t (&mask)[size][size]) const {
    for (size_t u = 0; u < size; ++u)
      for (size_t v = 0; v < size; ++v) {
        const int64_t row = at.top + int64_t(u), column = at.left + int64_t(v);
        const bool inside = row >= 0 && row < height && column >= 0 && column < width;
        place[u][v] = inside ? image + ((at.image * height + row) * width + column) * channels : outside;
        mask[u][v] = inside ? -1 : 0;
      }
  }
};

// some(c, load, store) for vectors of channels c, c + lanes, ... below `channels`, whole ones and what is left.
template <class T, class Some>
void for_channels(int64_t channels, Some&& some) {
  using Vector = kernels::Vector<T>;
  constexpr int lanes = VectorTypes<T>::lanes;
  int64_t c = 0;
  for (; c + lanes <= channels; c += lanes)
    some(
        c, [](const auto* from) { return load_vector<T>(from); }, [](const Vector& t, auto* to) { store_vector<T>(t, to); });
  if (const int64_t rest = channels - c; rest > 0)
    some(
        c, [=](const auto* from) { return load_vector<T>(from, rest); }, [=](const Vector& t, auto* to) { store_vector<T>(t, to, rest); });
}

// T is the type of the arithmetic; pixels, filters and results may be stored in another (bfloat16).
template <class T>
struct Transforms {
  using G = Gemm<T>;
  using Vector = typename G::Vector;
  static constexpr int lanes = G::lanes;
  static constexpr T a2 = T(0.5), b2 = T(2), a = T(1 / std::numbers::sqrt2), b = T(std::numbers::sqrt2);

  static constexpr T of_a = 1 / (2 * a2 * (a2 - b2)), of_b = 1 / (2 * b2 * (b2 - a2));

  // The lines of the points a, -a, b and -b, from the terms with even and with odd powers of the point.
  static void at_points(const Vector& even_a, const Vector& odd_a, const Vector& even_b, const Vector& odd_b, Vector (&t)[patch]) {
    t[1] = even_a + odd_a;
    t[2] = even_a - odd_a;
    t[3] = even_b + odd_b;
    t[4] = even_b - odd_b;
  }

  // B^T d of one line.
  static void transform_pixels(const Vector (&d)[patch], Vector (&t)[patch]) {
    t[0] = d[0] - (a2 + b2) * d[2] + d[4];
    at_points(d[4] - b2 * d[2], a * (d[3] - b2 * d[1]), d[4] - a2 * d[2], b * (d[3] - a2 * d[1]), t);
    t[5] = d[1] - (a2 + b2) * d[3] + d[5];
  }
  // G w of one line.
  static void transform_filter(const Vector (&w)[3], Vector (&t)[patch]) {
    t[0] = w[0];
    at_points(of_a * (w[0] + a2 * w[2]), of_a * a * w[1], of_b * (w[0] + b2 * w[2]), of_b * b * w[1], t);
    t[5] = w[2];
  }
  // A^T m of one line.
  static void transform_products(const Vector (&m)[patch], Vector (&y)[tile]) {
    const Vector sum_a = m[1] + m[2], sum_b = m[3] + m[4], difference_a = a * (m[1] - m[2]), difference_b = b * (m[3] - m[4]);
    y[0] = m[0] + sum_a + sum_b;
    y[1] = difference_a + difference_b;
    y[2] = a2 * sum_a + b2 * sum_b;
    y[3] = a2 * difference_a + b2 * difference_b + m[5];
  }

  // A y of one line: the transpose of transform_products.
  static void transform_gradient(const Vector (&y)[tile], Vector (&m)[patch]) {
    m[0] = y[0];
    at_points(y[0] + a2 * y[2], a * (y[1] + a2 * y[3]), y[0] + b2 * y[2], b * (y[1] + b2 * y[3]), m);
    m[5] = y[3];
  }
  // G^T t of one line: the transpose of transform_filter.
  static void transform_filter_back(const Vector (&t)[patch], Vector (&w)[3]) {
    const Vector sum_a = of_a * (t[1] + t[2]), sum_b = of_b * (t[3] + t[4]);
    w[0] = t[0] + sum_a + sum_b;
    w[1] = of_a * a * (t[1] - t[2]) + of_b * b * (t[3] - t[4]);
    w[2] = a2 * sum_a + b2 * sum_b + t[5];
  }

  // Line `index` of a transform's other axis.
  template <size_t n>
  static void across(const Vector (&columns)[patch][n], int64_t index, Vector (&line)[patch]) {
    for (int64_t v = 0; v < patch; ++v) line[v] = columns[v][index];
  }

  // The 6x6 pixels of one tile, channels c0 ... c0 + k - 1 of x (batch, height, width, channels), transformed, to place(frequency, channel - c0).
  template <class Stored, class To>
  static void pixels(const Stored* x, int64_t height, int64_t width, int64_t channels, int64_t padding, const Tiles::Place& at, int64_t c0, int64_t k,
                     To&& place) {
    const Stored outside[lanes] = {};
    const Stored* source[patch][patch];
    int64_t mask[patch][patch];
    Tiles{0, height, width}.pixels({at.image, at.top - padding, at.left - padding}, x, channels, outside, source, mask);
    for_channels<T>(
        k, [&](int64_t c, auto&& load, auto&& store) __attribute__((always_inline)) {
          Vector half[patch][patch], line[patch], all[patch];
          for (int64_t v = 0; v < patch; ++v) {
            for (int64_t u = 0; u < patch; ++u) line[u] = load(source[u][v] + ((c0 + c) & mask[u][v]));
            transform_pixels(line, half[v]);
          }
          for (int64_t u = 0; u < patch; ++u) {
            across(half, u, line);
            transform_pixels(line, all);
            for (int64_t v = 0; v < patch; ++v) store(all[v], place(u * patch + v, c));
          }
        });
  }
};

// Whether tiles of 4x4 are worth it: at most half of their results are thrown away, and vectors of channels are full.
template <class T>
bool fits(const Conv2dShape& s, int64_t height, int64_t width) {
  constexpr int64_t lanes = Gemm<accumulate_t<T>>::lanes;
  return s.kernel_height == 3 && s.kernel_width == 3 && s.stride == 1 && s.groups == 1 && s.padding <= 2 && s.in_channels >= lanes &&
         s.out_channels >= lanes && ceil_div(height, tile) * ceil_div(width, tile) * tile * tile <= 2 * height * width;
}

}  // namespace ito::kernels::winograd
