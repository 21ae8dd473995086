// 3x3 convolutions of stride 1 by Winograd's minimal filtering (winograd.h): the filters are transformed once, then chunks of tiles go through
// transform, 36 matmuls and transform while they are in the cache. Other shapes, and few channels, are left to "planes".
#include "kernels/conv2d/winograd.h"

namespace ito::kernels {

namespace {

using namespace winograd;

template <class T>
struct Winograd {
  using A = accumulate_t<T>;
  using G = Gemm<A>;
  using Step = Transforms<A>;
  using Vector = typename G::Vector;
  static constexpr int lanes = G::lanes;

  // The convolution with `in` channels of x, `out` of y. The filter's element of tap (u, v) is w[(o * 9 + 3 u + v) * c_count + c], where c counts the
  // channels of x, o those of y; turned (the data gradient): the other way round, and the taps from behind.
  const T *x, *w, *bias;
  T* y;
  int64_t height, width, in;  // of x
  Tiles tiles;                // of y
  int64_t out, padding;
  bool turned;

  int64_t padded_out() const { return ceil_div(out, G::nr) * G::nr; }

  // All 36 matrices (in, out) as panels of G: one after the other the k blocks, in each the panels. A square of the filters' channels at a time,
  // which is turned over where w has the other order; what is missing at the edges is 0.
  void transform_filters(A* u) const {
    const int64_t rows = turned ? in : out, columns = turned ? out : in;  // of w, whose columns are neighbours in memory
    const int64_t across = turned ? padded_out() : in, squares = ceil_div(across, lanes);
    parallel_for(ceil_div(turned ? in : padded_out(), lanes) * squares, std::max<int64_t>(1, 4096 / (lanes * lanes)),
                 [&](int64_t first, int64_t last) {
                   for (int64_t square = first; square < last; ++square) {
                     const int64_t o = square / squares * lanes, c = square % squares * lanes, count = std::clamp<int64_t>(columns - c, 0, lanes);
                     Vector elements[frequencies][lanes];
                     for (int64_t r = 0; r < lanes; ++r)
                       transform_filter(w + (o + r) * 9 * columns + c, columns, o + r < rows ? count : 0, elements, r);
                     const int64_t p = turned ? o : c, k0 = p / G::k_block * G::k_block, j = turned ? c : o;
                     A* to = u + k0 * padded_out() + j / G::nr * G::nr * std::min(G::k_block, in - k0) + (p - k0) * G::nr + j % G::nr;
                     for (int64_t f = 0; f < frequencies; ++f, to += in * padded_out()) {
                       if (!turned) transpose_vectors<A>(elements[f]);
                       for (int64_t r = 0; r < std::min<int64_t>(lanes, in - p); ++r) store_vector<A>(elements[f][r], to + r * G::nr);
                     }
                   }
                 });
  }
  // One row of channels of the 9 taps, `distance` apart, to elements[frequency][row].
  void transform_filter(const T* taps, int64_t distance, int64_t count, Vector (&elements)[frequencies][lanes], int64_t row) const {
    Vector half[3][patch], all[patch];
    for (int64_t tap = 0; tap < 3; ++tap) {
      Vector line[3] = {};
      for (int64_t v = 0; v < 3 && count > 0; ++v) line[v] = load_vector<A>(taps + (turned ? 8 - (3 * v + tap) : 3 * v + tap) * distance, count);
      Step::transform_filter(line, half[tap]);
    }
    for (int64_t i = 0; i < patch; ++i) {
      const Vector line[3] = {half[0][i], half[1][i], half[2][i]};
      Step::transform_filter(line, all);
      for (int64_t j = 0; j < patch; ++j) elements[i * patch + j][row] = all[j];
    }
  }

  // One tile of y from 36 rows of products, `stride` apart.
  void write_tile(const Tiles::Place& at, const A* rows, int64_t stride) const {
    T outside[lanes];  // what is beyond the image goes there
    T* target[tile][tile];
    int64_t mask[tile][tile];
    tiles.pixels(at, y, out, outside, target, mask);
    const auto some = [&](int64_t o, auto&& load, auto&& store) __attribute__((always_inline)) {
      const Vector offset = bias ? load(bias + o) : Vector{};
      Vector half[patch][tile], line[patch], all[tile];
      for (int64_t v = 0; v < patch; ++v) {
        for (int64_t u = 0; u < patch; ++u) line[u] = load(rows + (u * patch + v) * stride + o);
        Step::transform_products(line, half[v]);
      }
      for (int64_t u = 0; u < tile; ++u) {
        Step::across(half, u, line);
        Step::transform_products(line, all);
        for (int64_t v = 0; v < tile; ++v) store(all[v] + offset, target[u][v] + (o & mask[u][v]));
      }
    };
    for_channels<A>(out, some);
  }

  void run() const {
    const Scratch<A, Device::cpu> u(frequencies * in * padded_out());
    transform_filters(u.data());
    const int64_t chunk = G::mr * 2;  // of tiles: what is in between stays in the cache
    parallel_for(ceil_div(tiles.count(), chunk), 1, [&](int64_t part, int64_t) {
      const int64_t first = part * chunk, rows = std::min(chunk, tiles.count() - first);
      const Scratch<A, Device::cpu> pixels(frequencies * chunk * G::a_stride), products(frequencies * chunk * out);
      for (int64_t k0 = 0; k0 < in; k0 += G::k_block) {
        const int64_t k = std::min(G::k_block, in - k0);
        for (int64_t r = 0; r < rows; ++r)
          Step::pixels(x, height, width, in, padding, tiles.place(first + r), k0, k,
                       [&](int64_t f, int64_t c) { return pixels.data() + (f * chunk + r) * G::a_stride + c; });
        for (int64_t f = 0; f < frequencies; ++f)
          G::block(rows, out, k, pixels.data() + f * chunk * G::a_stride, u.data() + f * in * padded_out() + k0 * padded_out(),
                   products.data() + f * chunk * out, out, k0 == 0, nullptr);
      }
      for (int64_t r = 0; r < rows; ++r) write_tile(tiles.place(first + r), products.data() + r * out, chunk * out);
    });
  }
};

template <class T>
void forward_winograd(const T* x, const T* w, const T* bias, T* y, const Conv2dShape& s) {
  if (!fits<T>(s, s.out_height, s.out_width)) return Conv2dForward<T>::named(Device::cpu, "planes")(x, w, bias, y, s);
  Winograd<T>{x, w, bias, y, s.height, s.width, s.in_channels, {s.batch, s.out_height, s.out_width}, s.out_channels, s.padding, false}.run();
}

template <class T>
void data_gradient_winograd(const T* dy, const T* w, const T* bias, T* dx, const Conv2dShape& s) {
  if (!fits<T>(s, s.height, s.width)) return Conv2dDataGradient<T>::named(Device::cpu, "planes")(dy, w, bias, dx, s);
  Winograd<T>{dy, w, bias, dx, s.out_height, s.out_width, s.out_channels, {s.batch, s.height, s.width}, s.in_channels, 2 - s.padding, true}.run();
}

}  // namespace

ITO_REGISTER_KERNEL(Conv2dForward, Device::cpu, "winograd", forward_winograd, float, double, bfloat16);
ITO_REGISTER_KERNEL(Conv2dDataGradient, Device::cpu, "winograd", data_gradient_winograd, float, double, bfloat16);

}  // namespace ito::kernels
