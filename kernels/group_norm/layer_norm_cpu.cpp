// Layer norm, a row after the other: it stays in the first cache from its mean to its result.
//
// Mean and variance in one pass, shifted by the row's first value K (Chan, Golub & LeVeque 1983):
//   mean = K + sum (x - K) / m      variance = sum (x - K)^2 / m - (mean - K)^2
// Where K turns out to be far from the others, and the difference would cancel, the pass is run again with the mean that it gave as K.
//
// dweight and dbias are sums over rows. Blocks of rows are summed in parallel, into a line of sums each, and then joined in their order; how many
// rows a block has is a matter of the size alone.
#include "kernels/group_norm/layer_norm.h"

#include <cmath>

#include "kernels/parallel.h"
#include "kernels/scratch.h"
#include "kernels/softmax/lanes.h"
#include "kernels/store.h"

namespace ito::kernels {

namespace {

// The difference loses log2(1 + r) bits where K is sqrt(r) deviations from the mean: beyond this r the second pass is worth it.
constexpr int far_away = 30;

// Rows that are worth a thread's while.
int64_t rows_of_block(const GroupNormShape& s) { return std::max<int64_t>(1, 8192 / std::max<int64_t>(1, s.channels)); }

// The sum of `lanes` numbers, pairwise.
template <class A>
A joined(A* lane) {
  for (int half = lanes / 2; half > 0; half /= 2)
    for (int l = 0; l < half; ++l) lane[l] += lane[l + half];
  return lane[0];
}

// `given` in the type that is computed in, or a constant where there is none.
template <class A, class T>
void widen(const T* given, A otherwise, A* to, int64_t n) {
  for (int64_t c = 0; c < n; ++c) to[c] = given ? A(given[c]) : otherwise;
}

}  // namespace

template <class T>
void layer_norm_forward(const T* x, const T* weight, const T* bias, T* y, accumulate_t<T>* mean, accumulate_t<T>* rstd, const GroupNormShape& s) {
  using A = accumulate_t<T>;
  const int64_t cols = s.channels;
  const Scratch<A, Device::cpu> wide(2 * cols);
  A *w = wide.data(), *b = w + cols;
  widen(weight, A(1), w, cols);
  widen(bias, A(0), b, cols);
  parallel_for(s.batch, rows_of_block(s), [=, &s](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      const T* in = x + r * cols;
      T* out = y + r * cols;
      A pilot = cols > 0 ? A(in[0]) : A(0), shift = 0, variance = 0;
      for (int pass = 0; pass < 2; ++pass) {
        pilot += shift;
        A sums[lanes] = {}, squares[lanes] = {};  // of x - pilot
        const auto add = [&](int64_t c, int lane) {
          const A d = A(in[c]) - pilot;
          sums[lane] += d;
          squares[lane] += d * d;
        };
        int64_t c0 = 0;
        for (; c0 + lanes <= cols; c0 += lanes)
#pragma omp simd
          for (int l = 0; l < lanes; ++l) add(c0 + l, l);
        for (int l = 0; c0 < cols; ++c0, ++l) add(c0, l);
        shift = joined(sums) / A(cols);
        variance = std::max(A(0), joined(squares) / A(cols) - shift * shift);
        if (shift * shift <= far_away * variance) break;
      }
      const A mu = pilot + shift, scale = 1 / std::sqrt(variance + A(s.eps));
      mean[r] = mu;
      rstd[r] = scale;
      store_each<A>(cols, out, [=](int64_t c) { return (A(in[c]) - mu) * scale * w[c] + b[c]; });
    }
  });
}

template <class T>
void layer_norm_backward(const T* x, const T* weight, const accumulate_t<T>* mean, const accumulate_t<T>* rstd, const T* dy, T* dx, T* dweight,
                         T* dbias, const GroupNormShape& s) {
  using A = accumulate_t<T>;
  const int64_t cols = s.channels, block = std::max(rows_of_block(s), ceil_div(s.batch, 64)), blocks = ceil_div(s.batch, block);
  const Scratch<A, Device::cpu> scratch((1 + 2 * blocks) * cols);
  A *w = scratch.data(), *sums = w + cols;  // by block: dz n, then dz
  widen(weight, A(1), w, cols);
  parallel_for(s.batch, block, [=](int64_t first, int64_t last) {
    A *sum_dzn = sums + first / block * 2 * cols, *sum_dz = sum_dzn + cols;
    std::fill_n(sum_dzn, 2 * cols, A(0));
    for (int64_t r = first; r < last; ++r) {
      const T *in = x + r * cols, *g = dy + r * cols;
      const A mu = mean[r], scale = rstd[r];
      A dz[lanes] = {}, dzn[lanes] = {};  // of this row, weighted
      const auto add = [&](int64_t c, int lane) {
        const A d = A(g[c]), n = (A(in[c]) - mu) * scale;
        sum_dz[c] += d;
        sum_dzn[c] += d * n;
        dz[lane] += w[c] * d;
        dzn[lane] += w[c] * d * n;
      };
      int64_t c = 0;
      for (; c + lanes <= cols; c += lanes)
#pragma omp simd
        for (int l = 0; l < lanes; ++l) add(c + l, l);
      for (int l = 0; c < cols; ++c, ++l) add(c, l);
      if (!dx) continue;
      const A mean_dz = joined(dz) / A(cols), slope = scale * joined(dzn) / A(cols);
      T* out = dx + r * cols;
      store_each<A>(cols, out, [=](int64_t k) { return scale * (w[k] * A(g[k]) - mean_dz - (A(in[k]) - mu) * slope); });
    }
  });
  const auto over_blocks = [=](A* first, T* total) {
    for (int64_t k = 1; k < blocks; ++k)
#pragma omp simd
      for (int64_t c = 0; c < cols; ++c) first[c] += first[2 * k * cols + c];
    for (int64_t c = 0; c < cols; ++c) total[c] = T(blocks == 0 ? A(0) : first[c]);
  };
  if (dweight) over_blocks(sums, dweight);
  if (dbias) over_blocks(sums + cols, dbias);
}

#define ITO_LAYER_NORM(T)                                                                                                           \
  template void layer_norm_forward<T>(const T*, const T*, const T*, T*, accumulate_t<T>*, accumulate_t<T>*, const GroupNormShape&); \
  template void layer_norm_backward<T>(const T*, const T*, const accumulate_t<T>*, const accumulate_t<T>*, const T*, T*, T*, T*,    \
                                       const GroupNormShape&);
ITO_LAYER_NORM(float)
ITO_LAYER_NORM(double)
ITO_LAYER_NORM(bfloat16)

}  // namespace ito::kernels
