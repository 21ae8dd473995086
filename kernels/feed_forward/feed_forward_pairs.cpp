// pairs   the activation where the matmul on pairs of bfloat16 (kernels/matmul/matmul_pairs.h) writes its rows, from sums that are still in a cache.
#include "kernels/feed_forward/feed_forward.h"
#include "kernels/feed_forward/slope_row.h"
#include "kernels/matmul/matmul_pairs.h"

namespace ito::kernels {

namespace {

// Part of a row of y and, if that is not null, of slope.
template <UnaryKind f, class T>
void activate(const float* sums, int64_t n, T* y, T* slope) {
  if (slope) return slope_row<f>(sums, n, y, slope);
  store_each<float>(n, y, [=](int64_t c) { return unary_value<f, FastMath, float>(sums[c]); });
}

template <class T>
struct Activated {
  void (*activate)(const float* sums, int64_t n, T* y, T* slope);
  T* slope;
  void operator()(const float* sums, int64_t columns, int64_t at, T* y) const { activate(sums, columns, y + at, slope ? slope + at : nullptr); }
  void ahead(pairs::Ahead& ahead, int64_t at, int64_t count) const {
    if (slope) ahead.add(slope + at, count);
  }
};

template <class T>
struct TimesSlope {
  const T* slope;
  void operator()(const float* sums, int64_t columns, int64_t at, T* dz) const {
    store_each<float>(columns, dz + at, [=, s = slope + at](int64_t c) { return sums[c] * float(s[c]); });
  }
  void ahead(pairs::Ahead& ahead, int64_t at, int64_t count) const { ahead.add(slope + at, count); }
};

template <class T>
void forward_pairs(UnaryKind f, const T* x, const T* up, const T* bias, T* y, T* slope, int64_t rows, int64_t in, int64_t hidden) {
  Activated<T> finish{nullptr, slope};
  with_activation(f, [&]<UnaryKind k>() { finish.activate = &activate<k, T>; });
  const MatmulShape s{.m = rows, .n = hidden, .k = in, .transpose_b = true};
  pairs::Multiplication<T, Activated<T>>{x, up, bias, y, s, finish}.run();
}

template <class T>
void backward_pairs(const T* dy, const T* down, const T* slope, T* dz, int64_t rows, int64_t out, int64_t hidden) {
  const MatmulShape s{.m = rows, .n = hidden, .k = out};
  pairs::Multiplication<T, TimesSlope<T>>{dy, down, nullptr, dz, s, {slope}}.run();
}

}  // namespace

ITO_REGISTER_KERNEL(FeedForwardUp, Device::cpu, "pairs", forward_pairs, bfloat16, float);
ITO_REGISTER_KERNEL(FeedForwardUpBackward, Device::cpu, "pairs", backward_pairs, bfloat16, float);

}  // namespace ito::kernels
