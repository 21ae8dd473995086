// 3x3 convolutions of stride 1 by Winograd's minimal filtering F(4x4, 3x3) (Lavin & Gray 2016): tiles of 4x4 results from 6x6 pixels d and filters w,
//   y = A^T [ (G w G^T) . (B^T d B) ] A
// where the product, summed over channels, is a matmul for each of the 36 elements: 36 multiplications where the definition has 144.
//
// The matrices follow from the points 0, a, -a, b, -b and infinity at which polynomials are multiplied (Toom 1963, Cook 1966). a = sqrt(1/2) and
// b = sqrt(2) instead of the usual 1 and 2 keep the powers near 1, and so the error small (Barabasz et al. 2020): in f32 about 4 times the
// definition's. Other shapes, and few channels, are left to "implicit".
#include <numbers>

#include "kernels/conv2d/conv2d.h"
#include "kernels/gemm/gemm.h"

namespace ito::kernels {

namespace {

constexpr int64_t tile = 4, patch = 6, frequencies = patch * patch;

template <class T>
struct Winograd {
  using G = Gemm<T>;
  using Vector = typename G::Vector;
  static constexpr int lanes = G::lanes;
  static constexpr T a2 = T(0.5), b2 = T(2), a = T(1 / std::numbers::sqrt2), b = T(std::numbers::sqrt2);

  // B^T d of one line.
  static void transform_pixels(const Vector (&d)[patch], Vector (&t)[patch]) {
    const Vector even_a = d[4] - b2 * d[2], odd_a = a * (d[3] - b2 * d[1]), even_b = d[4] - a2 * d[2], odd_b = b * (d[3] - a2 * d[1]);
    t[0] = d[0] - (a2 + b2) * d[2] + d[4];
    t[1] = even_a + odd_a;
    t[2] = even_a - odd_a;
    t[3] = even_b + odd_b;
    t[4] = even_b - odd_b;
    t[5] = d[1] - (a2 + b2) * d[3] + d[5];
  }
  // G w of one line.
  static void transform_filter(const Vector (&w)[3], Vector (&t)[patch]) {
    constexpr T of_a = 1 / (2 * a2 * (a2 - b2)), of_b = 1 / (2 * b2 * (b2 - a2));
    const Vector even_a = of_a * (w[0] + a2 * w[2]), odd_a = of_a * a * w[1], even_b = of_b * (w[0] + b2 * w[2]), odd_b = of_b * b * w[1];
    t[0] = w[0];
    t[1] = even_a + odd_a;
    t[2] = even_a - odd_a;
    t[3] = even_b + odd_b;
    t[4] = even_b - odd_b;
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

  // `count` of the lanes, the others 0.
  static Vector load(const T* from, int64_t count) {
    Vector v{};
    std::memcpy(&v, from, size_t(count) * sizeof(T));
    return v;
  }
  static Vector load(const T* from) {
    Vector v;
    std::memcpy(&v, from, sizeof v);
    return v;
  }
  static void store(T* to, const Vector& v, int64_t count) {
    if (count == lanes)
      std::memcpy(to, &v, sizeof v);
    else
      std::memcpy(to, &v, size_t(count) * sizeof(T));
  }

  // The convolution with `in` channels of x, `out` of y. The filter's element of tap (u, v) is w[(o * 9 + 3 u + v) * c_count + c], where c counts the
  // channels of x, o those of y; turned (the data gradient): the other way round, and the taps from behind.
  const T *x, *w, *bias;
  T* y;
  int64_t batch, height, width, in, out_height, out_width, out, padding;
  bool turned;

  int64_t tiles_down() const { return ceil_div(out_height, tile); }
  int64_t tiles_across() const { return ceil_div(out_width, tile); }
  int64_t padded_out() const { return ceil_div(out, G::nr) * G::nr; }

  // All 36 matrices (in, out) as panels of G: one after the other the k blocks, in each the panels.
  std::vector<T> filters() const {
    std::vector<T> u(size_t(frequencies * in * padded_out()));
    const int64_t rows = turned ? in : out, columns = turned ? out : in;  // of w, whose columns are neighbours in memory
    parallel_for(rows, std::max<int64_t>(1, 4096 / columns), [&](int64_t first, int64_t last) {
      for (int64_t o = first; o < last; ++o)
        for (int64_t c = 0; c < columns; c += lanes) {
          const int64_t count = std::min<int64_t>(lanes, columns - c);
          Vector half[3][patch], all[patch];
          for (int64_t tap = 0; tap < 3; ++tap) {
            Vector line[3];
            for (int64_t v = 0; v < 3; ++v) {
              const int64_t at = turned ? 8 - (3 * v + tap) : 3 * v + tap;
              line[v] = load(w + (o * 9 + at) * columns + c, count);
            }
            transform_filter(line, half[tap]);
          }
          for (int64_t i = 0; i < patch; ++i) {
            const Vector line[3] = {half[0][i], half[1][i], half[2][i]};
            transform_filter(line, all);
            for (int64_t j = 0; j < patch; ++j) {
              T* matrix = u.data() + (i * patch + j) * in * padded_out();
              if (turned)
                store(matrix + panel_place(o, c), all[j], count);
              else
                for (int64_t l = 0; l < count; ++l) matrix[panel_place(c + l, o)] = all[j][l];
            }
          }
        }
    });
    return u;
  }
  // Of the element (p, j) of one of these matrices.
  int64_t panel_place(int64_t p, int64_t j) const {
    const int64_t k0 = p / G::k_block * G::k_block, k = std::min(G::k_block, in - k0);
    return k0 * padded_out() + j / G::nr * G::nr * k + (p - k0) * G::nr + j % G::nr;
  }

  // The 6x6 pixels of one tile, channels c0 ... c0 + k - 1, transformed, to 36 rows `stride` apart.
  void transform_tile(int64_t index, int64_t c0, int64_t k, T* rows, int64_t stride) const {
    const int64_t j = index % tiles_across(), i = index / tiles_across() % tiles_down(), n = index / (tiles_across() * tiles_down());
    const int64_t top = i * tile - padding, left = j * tile - padding;
    const T* image = x + n * height * width * in + c0;
    for (int64_t c = 0; c < k; c += lanes) {
      const int64_t count = std::min<int64_t>(lanes, k - c);
      Vector half[patch][patch], all[patch];  // half[v]: column v
      for (int64_t v = 0; v < patch; ++v) {
        Vector line[patch];
        for (int64_t u = 0; u < patch; ++u) {
          const int64_t row = top + u, column = left + v;
          const bool inside = row >= 0 && row < height && column >= 0 && column < width;
          const T* pixel = image + (row * width + column) * in + c;
          line[u] = !inside ? Vector{} : count == lanes ? load(pixel) : load(pixel, count);
        }
        transform_pixels(line, half[v]);
      }
      for (int64_t u = 0; u < patch; ++u) {
        const Vector line[patch] = {half[0][u], half[1][u], half[2][u], half[3][u], half[4][u], half[5][u]};
        transform_pixels(line, all);
        for (int64_t v = 0; v < patch; ++v) store(rows + (u * patch + v) * stride + c, all[v], count);
      }
    }
  }

  // One tile of y from 36 rows of products, `stride` apart.
  void write_tile(int64_t index, const T* rows, int64_t stride) const {
    const int64_t j = index % tiles_across(), i = index / tiles_across() % tiles_down(), n = index / (tiles_across() * tiles_down());
    const int64_t down = std::min(tile, out_height - i * tile), across = std::min(tile, out_width - j * tile);
    T* image = y + ((n * out_height + i * tile) * out_width + j * tile) * out;
    for (int64_t o = 0; o < out; o += lanes) {
      const int64_t count = std::min<int64_t>(lanes, out - o);
      const Vector offset = bias ? load(bias + o, count) : Vector{};
      Vector half[patch][tile], all[tile];
      for (int64_t v = 0; v < patch; ++v) {
        Vector line[patch];
        for (int64_t u = 0; u < patch; ++u) line[u] = load(rows + (u * patch + v) * stride + o, count);
        transform_products(line, half[v]);
      }
      for (int64_t u = 0; u < down; ++u) {
        const Vector line[patch] = {half[0][u], half[1][u], half[2][u], half[3][u], half[4][u], half[5][u]};
        transform_products(line, all);
        for (int64_t v = 0; v < across; ++v) store(image + (u * out_width + v) * out + o, all[v] + offset, count);
      }
    }
  }

  void run() const {
    const std::vector<T> u = filters();
    const int64_t tiles = batch * tiles_down() * tiles_across();
    const int64_t chunk = G::mr * (std::max(in, out) > 128 ? 2 : 4);  // of tiles: what is in between stays in the cache
    parallel_for(ceil_div(tiles, chunk), 1, [&](int64_t part, int64_t) {
      const int64_t first = part * chunk, rows = std::min(chunk, tiles - first);
      thread_local std::vector<T> pixels, products;
      pixels.resize(size_t(frequencies * chunk * G::a_stride));
      products.resize(size_t(frequencies * chunk * out));
      for (int64_t k0 = 0; k0 < in; k0 += G::k_block) {
        const int64_t k = std::min(G::k_block, in - k0);
        for (int64_t r = 0; r < rows; ++r) transform_tile(first + r, k0, k, pixels.data() + r * G::a_stride, chunk * G::a_stride);
        for (int64_t f = 0; f < frequencies; ++f)
          G::block(rows, out, k, pixels.data() + f * chunk * G::a_stride, u.data() + f * in * padded_out() + k0 * padded_out(),
                   products.data() + f * chunk * out, out, k0 == 0, nullptr);
      }
      for (int64_t r = 0; r < rows; ++r) write_tile(first + r, products.data() + r * out, chunk * out);
    });
  }
};

// Whether tiles of 4x4 are worth it: at most half of their results are thrown away, and vectors of channels are full.
template <class T>
bool fits(const Conv2dShape& s, int64_t height, int64_t width) {
  constexpr int64_t lanes = Gemm<T>::lanes;
  return s.kernel_height == 3 && s.kernel_width == 3 && s.stride == 1 && s.groups == 1 && s.padding <= 2 && s.in_channels >= lanes &&
         s.out_channels >= lanes && ceil_div(height, tile) * ceil_div(width, tile) * tile * tile <= 2 * height * width;
}

template <class T>
void forward_winograd(const T* x, const T* w, const T* bias, T* y, const Conv2dShape& s) {
  if (!fits<T>(s, s.out_height, s.out_width)) return Conv2dForward<T>::named(Device::cpu, "implicit")(x, w, bias, y, s);
  Winograd<T>{x, w, bias, y, s.batch, s.height, s.width, s.in_channels, s.out_height, s.out_width, s.out_channels, s.padding, false}.run();
}

template <class T>
void data_gradient_winograd(const T* dy, const T* w, const T* bias, T* dx, const Conv2dShape& s) {
  if (!fits<T>(s, s.height, s.width)) return Conv2dDataGradient<T>::named(Device::cpu, "implicit")(dy, w, bias, dx, s);
  Winograd<T>{dy, w, bias, dx, s.batch, s.out_height, s.out_width, s.out_channels, s.height, s.width, s.in_channels, 2 - s.padding, true}.run();
}

}  // namespace

ITO_REGISTER_KERNEL(Conv2dForward, Device::cpu, "winograd", forward_winograd, float, double);
ITO_REGISTER_KERNEL(Conv2dDataGradient, Device::cpu, "winograd", data_gradient_winograd, float, double);

}  // namespace ito::kernels
