// The weight gradient of 3x3 convolutions of stride 1 by Winograd's minimal filtering, run backwards (winograd.h): for each of the 36 elements a
// matmul that sums over tiles, dU (out, in) += (A dy A^T) (tiles, out)^T . (B^T x B) (tiles, in), then dw = G^T dU G. Tiles go in sections whose
// transforms stay in the third cache; sections are added in order. Other shapes, and few channels, are left to "implicit".
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

  const T *dy, *x;
  T* dw;
  int64_t height, width, in;  // of x
  Tiles tiles;                // of dy
  int64_t out, padding;

  // A dy A^T of one tile, to 36 rows `stride` apart.
  void gradients(const Tiles::Place& at, A* rows, int64_t stride) const {
    const int64_t down = std::min(tile, tiles.height - at.top), across = std::min(tile, tiles.width - at.left);
    const T* corner = dy + ((at.image * tiles.height + at.top) * tiles.width + at.left) * out;
    for (int64_t o = 0; o < out; o += lanes) {
      const int64_t count = std::min<int64_t>(lanes, out - o);
      Vector half[tile][patch], all[patch];
      for (int64_t v = 0; v < tile; ++v) {
        Vector line[tile];
        for (int64_t u = 0; u < tile; ++u) line[u] = u < down && v < across ? Step::load(corner + (u * tiles.width + v) * out + o, count) : Vector{};
        Step::transform_gradient(line, half[v]);
      }
      for (int64_t u = 0; u < patch; ++u) {
        const Vector line[tile] = {half[0][u], half[1][u], half[2][u], half[3][u]};
        Step::transform_gradient(line, all);
        for (int64_t v = 0; v < patch; ++v) Step::store(rows + (u * patch + v) * stride + o, all[v], count);
      }
    }
  }

  // dw = G^T dU G.
  void finish(const A* sums) const {
    parallel_for(out, std::max<int64_t>(1, 4096 / in), [&](int64_t first, int64_t last) {
      for (int64_t o = first; o < last; ++o)
        for (int64_t c = 0; c < in; c += lanes) {
          const int64_t count = std::min<int64_t>(lanes, in - c);
          Vector half[patch][3], line[patch], all[3];
          for (int64_t v = 0; v < patch; ++v) {
            for (int64_t u = 0; u < patch; ++u) line[u] = Step::load(sums + ((u * patch + v) * out + o) * in + c, count);
            Step::transform_filter_back(line, half[v]);
          }
          for (int64_t u = 0; u < 3; ++u) {
            Step::across(half, u, line);
            Step::transform_filter_back(line, all);
            for (int64_t v = 0; v < 3; ++v) Step::store(dw + (o * 9 + 3 * u + v) * in + c, all[v], count);
          }
        }
    });
  }

  void run() const {
    const int64_t section = in + out <= 256 ? 512 : 256;
    const int64_t rows_end = section * out + mr, pixels_end = section * in + nr;  // the last panel may read past its row
    const Scratch<A, Device::cpu> rows(frequencies * rows_end), pixels(frequencies * pixels_end), sums(frequencies * out * in);
    const int64_t panels = ceil_div(in, nr);
    for (int64_t start = 0; start < tiles.count(); start += section) {
      const int64_t k = std::min(section, tiles.count() - start);
      parallel_for(k, 8, [&](int64_t first, int64_t last) {
        for (int64_t t = first; t < last; ++t) {
          const Tiles::Place at = tiles.place(start + t);
          gradients(at, rows.data() + t * out, rows_end);
          Step::pixels(x, height, width, in, padding, at, 0, in, pixels.data() + t * in, pixels_end);
        }
      });
      parallel_for(frequencies * panels, 1, [&](int64_t first, int64_t last) {
        for (int64_t task = first; task < last; ++task) {
          const int64_t f = task / panels, j = task % panels * nr;
          for (int64_t i = 0; i < out; i += mr) {
            Vector sum[mr][2] = {};
            const A* columns = rows.data() + f * rows_end + i;  // A^T as it lies
            G::micro(
                k, [&](int64_t column, int64_t p) { return columns[p * out + column]; }, pixels.data() + f * pixels_end + j, in, sum);
            G::store(sum, sums.data() + (f * out + i) * in + j, in, std::min<int64_t>(mr, out - i), std::min<int64_t>(nr, in - j), start == 0,
                     nullptr);
          }
        }
      });
    }
    finish(sums.data());
  }
};

template <class T>
void weight_gradient_winograd(const T* dy, const T* x, T* dw, const Conv2dShape& s) {
  if (s.batch == 0 || !fits<T>(s, s.out_height, s.out_width)) return Conv2dWeightGradient<T>::named(Device::cpu, "implicit")(dy, x, dw, s);
  WeightGradient<T>{dy, x, dw, s.height, s.width, s.in_channels, {s.batch, s.out_height, s.out_width}, s.out_channels, s.padding}.run();
}

}  // namespace

ITO_REGISTER_KERNEL(Conv2dWeightGradient, Device::cpu, "winograd", weight_gradient_winograd, float, double, bfloat16);

}  // namespace ito::kernels
