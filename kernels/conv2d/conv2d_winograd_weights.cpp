// The weight gradient of 3x3 convolutions of stride 1 by Winograd's minimal filtering, run backwards (winograd.h): for each of the 36 elements a
// matmul that sums over tiles, dU (out, in) += (A dy A^T) (tiles, out)^T . (B^T x B) (tiles, in), then dw = G^T dU G. Tiles go in sections whose
// transforms stay in a cache; sections are added in order. Where there are many tiles, each thread takes a part of them with sums of its own, so that
// transforms stay in its second cache; parts are added in order. Other shapes, and few channels, are left to "planes".
#include "kernels/conv2d/winograd.h"

namespace ito::kernels {

namespace {

using namespace winograd;

template <class T>
struct WeightGradient {
  using A = accumulate_t<T>;
  using G = Gemm<A>;
  using Step = Transforms<A>;
  using Vector = typename G::Vector;
  static constexpr int lanes = G::lanes, mr = G::mr, nr = G::nr;
  static constexpr int64_t cache_line = 64 / sizeof(A);  // what is a power of two apart falls into few cache sets

  const T *dy, *x;
  T* dw;
  int64_t height, width, in;  // of x
  Tiles tiles;                // of dy
  int64_t out, padding;

  // A dy A^T of one tile, to 36 rows `stride` apart.
  void gradients(const Tiles::Place& at, A* rows, int64_t stride) const {
    const T outside[lanes] = {};
    const T* source[tile][tile];
    int64_t mask[tile][tile];
    tiles.pixels(at, dy, out, outside, source, mask);
    for_channels<A>(
        out, [&](int64_t o, auto&& load, auto&& store) __attribute__((always_inline)) {
          Vector half[tile][patch], all[patch];
          for (int64_t v = 0; v < tile; ++v) {
            Vector line[tile];
            for (int64_t u = 0; u < tile; ++u) line[u] = load(source[u][v] + (o & mask[u][v]));
            Step::transform_gradient(line, half[v]);
          }
          for (int64_t u = 0; u < patch; ++u) {
            const Vector line[tile] = {half[0][u], half[1][u], half[2][u], half[3][u]};
            Step::transform_gradient(line, all);
            for (int64_t v = 0; v < patch; ++v) store(all[v], rows + (u * patch + v) * stride + o);
          }
        });
  }

  // dw = G^T dU G.
  void finish(const A* sums) const {
    parallel_for(out, std::max<int64_t>(1, 4096 / in), [&](int64_t first, int64_t last) {
      for (int64_t o = first; o < last; ++o)
        for (int64_t c = 0; c < in; c += lanes) {
          const int64_t count = std::min<int64_t>(lanes, in - c);
          Vector half[patch][3], line[patch], all[3];
          for (int64_t v = 0; v < patch; ++v) {
            for (int64_t u = 0; u < patch; ++u) line[u] = load_vector<A>(sums + ((u * patch + v) * out + o) * in + c, count);
            Step::transform_filter_back(line, half[v]);
          }
          for (int64_t u = 0; u < 3; ++u) {
            Step::across(half, u, line);
            Step::transform_filter_back(line, all);
            for (int64_t v = 0; v < 3; ++v) store_vector<A>(all[v], dw + (o * 9 + 3 * u + v) * in + c, count);
          }
        }
    });
  }

  // Of tiles. 256: a panel of their pixels and mr columns of their gradients fit into the first cache; 64: all of them, and the sums, into the
  // second.
  int64_t section() const {
    constexpr int64_t few = 64, cached = 2 << 20;  // bytes
    if (parts() == 1) return 256;
    return frequencies * (few * (in + out) + in * out) * int64_t(sizeof(A)) <= cached ? few : 128;
  }
  int64_t parts() const {
    const int64_t whole = tiles.count() / 256;
    return whole < 4 ? 1 : std::min<int64_t>(whole, 16);
  }

  // sums (36, out, in) = those of tiles begin ... end - 1. Pixels are kept as panels of the micro-kernel, nr channels wide; gradients in rows, an
  // odd number of lines long.
  void sum_tiles(int64_t begin, int64_t end, A* sums) const {
    const int64_t most = section(), panels = ceil_div(in, nr), panel_size = most * nr + cache_line,
                  row = (ceil_div(out + mr, cache_line) | 1) * cache_line;
    const int64_t rows_end = most * row, pixels_end = panels * panel_size + cache_line, group = 8, groups = ceil_div(panels, group);
    const Scratch<A, Device::cpu> rows(frequencies * rows_end), pixels(frequencies * pixels_end);
    if (in % nr != 0) std::fill_n(pixels.data(), frequencies * pixels_end, A(0));
    for (int64_t start = begin; start < end; start += most) {
      const int64_t k = std::min(most, end - start);
      parallel_for(k, 8, [&](int64_t first, int64_t last) {
        for (int64_t t = first; t < last; ++t) {
          const Tiles::Place at = tiles.place(start + t);
          gradients(at, rows.data() + t * row, rows_end);
          Step::pixels(x, height, width, in, padding, at, 0, in,
                       [&](int64_t f, int64_t c) { return pixels.data() + f * pixels_end + c / nr * panel_size + t * nr + c % nr; });
        }
      });
      parallel_for(frequencies * groups, 1, [&](int64_t task, int64_t) {
        const int64_t f = task / groups, first = task % groups * group;
        for (int64_t panel = first; panel < std::min(panels, first + group); ++panel)
          for (int64_t i = 0; i < out; i += mr) {
            Vector sum[mr][2];
            const A* columns = rows.data() + f * rows_end + i;  // A^T as it lies
            G::micro(
                k, [&](int64_t column, int64_t p) { return columns[p * row + column]; }, pixels.data() + f * pixels_end + panel * panel_size, nr,
                sum);
            G::store(sum, sums + (f * out + i) * in + panel * nr, in, std::min<int64_t>(mr, out - i), std::min<int64_t>(nr, in - panel * nr),
                     start == begin, nullptr);
          }
      });
    }
  }

  void run() const {
    const int64_t size = frequencies * out * in, count = parts();
    const Scratch<A, Device::cpu> memory(count * size);
    A* sums = memory.data();
    if (count == 1) {
      sum_tiles(0, tiles.count(), sums);
    } else {
      parallel_for(count, 1,
                   [&](int64_t part, int64_t) { sum_tiles(tiles.count() * part / count, tiles.count() * (part + 1) / count, sums + part * size); });
      parallel_for(size, 1 << 14, [&](int64_t first, int64_t last) {
        for (int64_t part = 1; part < count; ++part)
          for (int64_t e = first; e < last; ++e) sums[e] += sums[part * size + e];
      });
    }
    finish(sums);
  }
};

template <class T>
void weight_gradient_winograd(const T* dy, const T* x, T* dw, const Conv2dShape& s) {
  if (s.batch == 0 || !fits<T>(s, s.out_height, s.out_width)) return Conv2dWeightGradient<T>::named(Device::cpu, "planes")(dy, x, dw, s);
  WeightGradient<T>{dy, x, dw, s.height, s.width, s.in_channels, {s.batch, s.out_height, s.out_width}, s.out_channels, s.padding}.run();
}

}  // namespace

ITO_REGISTER_KERNEL(Conv2dWeightGradient, Device::cpu, "winograd", weight_gradient_winograd, float, double, bfloat16);

}  // namespace ito::kernels
