// Sums over windows of an image and their adjoint, and the place of the largest element. Each result is gathered by one thread, so that overlapping
// windows need no atomics.
//
// 1. naive    one result a thread: channels are innermost, so the lanes of a warp read neighbours. Four 64-bit divisions before the first read.
// 2. packed   16 bytes of channels a thread (one channel where they are no multiple of that) and 32-bit divisions. Limited by memory: what windows
//             share comes from the cache.
#include "kernels/cuda/cuda.h"
#include "kernels/window/window.h"

namespace ito::kernels {

namespace {

constexpr int threads = 256;

// Where result `index` of an image of rows x columns is, in units of `lanes` channels.
template <class Int>
struct Cell {
  Int n, row, column, c;
  __device__ Cell(Int index, Int rows, Int columns, Int channels, Int lanes) {
    const Int units = channels / lanes, pixel = index / units, line = pixel / columns;
    c = (index - pixel * units) * lanes;
    column = pixel - line * columns;
    n = line / rows;
    row = line - n * rows;
  }
};

// occupancy: >= 50 %
template <class T, int lanes, class Int, bool spread>
__global__ void __launch_bounds__(threads) window_sums(const T* in, T* out, accumulate_t<T> scale, WindowSizes<Int> s, Int results) {
  using A = accumulate_t<T>;
  using Range = typename WindowSizes<Int>::Range;
  if (global_thread() >= int64_t(results)) return;
  const auto index = Int(global_thread());
  const Cell<Int> at(index, spread ? s.height : s.out_height, spread ? s.width : s.out_width, s.channels, Int(lanes));
  const Range rows = spread ? s.windows(at.row, s.out_height) : s.pixels(at.row, s.height);
  const Range columns = spread ? s.windows(at.column, s.out_width) : s.pixels(at.column, s.width);
  const Int in_rows = spread ? s.out_height : s.height, in_columns = spread ? s.out_width : s.width;
  A sum[lanes] = {};
  for (Int i = rows.first; i < rows.last; ++i)
    for (Int j = columns.first; j < columns.last; ++j) {
      const Pack<T, lanes> pack = load_pack<T, lanes>(in + ((at.n * in_rows + i) * in_columns + j) * s.channels + at.c);
#pragma unroll
      for (int l = 0; l < lanes; ++l) sum[l] += A(pack.element[l]);
    }
  Pack<T, lanes> pack;
#pragma unroll
  for (int l = 0; l < lanes; ++l) pack.element[l] = T(scale * sum[l]);
  store_pack<T, lanes>(out + index * lanes, pack);
}

// occupancy: >= 50 %
template <class T, int lanes, class Int>
__global__ void __launch_bounds__(threads) window_argmaxes(const T* x, int64_t* index_out, WindowSizes<Int> s, Int results) {
  using A = accumulate_t<T>;
  if (global_thread() >= int64_t(results)) return;
  const auto index = Int(global_thread());
  const Cell<Int> at(index, s.out_height, s.out_width, s.channels, Int(lanes));
  const auto rows = s.pixels(at.row, s.height), columns = s.pixels(at.column, s.width);
  const T* image = x + at.n * s.height * s.width * s.channels + at.c;
  Pack<int64_t, lanes> best;
  A top[lanes];
#pragma unroll
  for (int l = 0; l < lanes; ++l) {
    best.element[l] = int64_t(rows.first) * s.width + columns.first;
    top[l] = A(-INFINITY);
  }
  for (Int h = rows.first; h < rows.last; ++h)
    for (Int w = columns.first; w < columns.last; ++w) {
      const Int pixel = h * s.width + w;
      const Pack<T, lanes> pack = load_pack<T, lanes>(image + pixel * s.channels);
#pragma unroll
      for (int l = 0; l < lanes; ++l) {
        const A value = A(pack.element[l]);
        if (value > top[l] || (value != value && top[l] == top[l])) {
          top[l] = value;
          best.element[l] = pixel;
        }
      }
    }
  store_pack<int64_t, lanes>(index_out + int64_t(index) * lanes, best);
}

int64_t images(const WindowShape& s) { return s.batch * s.height * s.width * s.channels; }
int64_t results(const WindowShape& s) { return s.batch * s.out_height * s.out_width * s.channels; }
unsigned blocks(int64_t n) { return unsigned((n + threads - 1) / threads); }

// Calls f with the sizes as int32_t where every index, and every step of a loop, fits.
template <class F>
void with_sizes(const WindowShape& s, F&& f) {
  constexpr int64_t most = INT32_MAX;
  if (std::max({images(s), results(s), s.height + s.kernel + s.padding + s.stride, s.width + s.kernel + s.padding + s.stride}) > most) return f(s);
  const auto small = [](int64_t size) { return int32_t(size); };
  f(WindowSizes<int32_t>{small(s.batch), small(s.height), small(s.width), small(s.channels), small(s.out_height), small(s.out_width), small(s.kernel),
                         small(s.stride), small(s.padding)});
}

template <bool spread, int lanes, class T, class Int>
void launch_sums(const T* in, T* out, double scale, const WindowSizes<Int>& s, int64_t n) {
  launch(&window_sums<T, lanes, Int, spread>, {blocks(n / lanes), threads}, in, out, accumulate_t<T>(scale), s, Int(n / lanes));
}

template <bool spread, class T>
void sums_naive(const T* in, T* out, double scale, const WindowShape& s) {
  const int64_t n = spread ? images(s) : results(s);
  if (n > 0) launch_sums<spread, 1>(in, out, scale, s, n);
}

template <bool spread, class T>
void sums_packed(const T* in, T* out, double scale, const WindowShape& s) {
  constexpr int lanes = 16 / sizeof(T);
  const int64_t n = spread ? images(s) : results(s);
  if (n == 0) return;
  const bool packed = s.channels % lanes == 0 && aligned_to(in, 16) && aligned_to(out, 16);
  with_sizes(s, [&](const auto& sizes) {
    packed ? launch_sums<spread, lanes>(in, out, scale, sizes, n) : launch_sums<spread, 1>(in, out, scale, sizes, n);
  });
}

template <class T>
void sum_naive(const T* x, T* y, double scale, const WindowShape& s) {
  sums_naive<false>(x, y, scale, s);
}
template <class T>
void sum_packed(const T* x, T* y, double scale, const WindowShape& s) {
  sums_packed<false>(x, y, scale, s);
}
template <class T>
void spread_naive(const T* y, T* x, double scale, const WindowShape& s) {
  sums_naive<true>(y, x, scale, s);
}
template <class T>
void spread_packed(const T* y, T* x, double scale, const WindowShape& s) {
  sums_packed<true>(y, x, scale, s);
}

template <int lanes, class T, class Int>
void launch_argmaxes(const T* x, int64_t* index, const WindowSizes<Int>& s, int64_t n) {
  launch(&window_argmaxes<T, lanes, Int>, {blocks(n / lanes), threads}, x, index, s, Int(n / lanes));
}

template <class T>
void argmax_naive(const T* x, int64_t* index, const WindowShape& s) {
  if (results(s) > 0) launch_argmaxes<1>(x, index, s, results(s));
}

// The results are 8 bytes each: two of them are a pack.
template <class T>
void argmax_packed(const T* x, int64_t* index, const WindowShape& s) {
  const int64_t n = results(s);
  if (n == 0) return;
  const bool packed = s.channels % 2 == 0 && aligned_to(x, 2 * sizeof(T)) && aligned_to(index, 16);
  with_sizes(s, [&](const auto& sizes) { packed ? launch_argmaxes<2>(x, index, sizes, n) : launch_argmaxes<1>(x, index, sizes, n); });
}

}  // namespace

ITO_REGISTER_KERNEL(WindowSum, Device::cuda, "naive", sum_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(WindowSum, Device::cuda, "packed", sum_packed, float, double, bfloat16);
ITO_REGISTER_KERNEL(WindowSpread, Device::cuda, "naive", spread_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(WindowSpread, Device::cuda, "packed", spread_packed, float, double, bfloat16);
ITO_REGISTER_KERNEL(WindowArgmax, Device::cuda, "naive", argmax_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(WindowArgmax, Device::cuda, "packed", argmax_packed, float, double, bfloat16);

}  // namespace ito::kernels
