// Softmax and its logarithm over rows (formulas: softmax.h). Forward:
//
// 1. naive    a thread a row: neighbouring threads read addresses `cols` apart, a memory transaction each.
// 2. warp     a warp a row: lanes read neighbours, a transaction serves all of them. Three walks over the row: maximum, sum, result.
// 3. online   two walks: each lane keeps (max, sum) of what it saw (MaxSum of kernels/cuda/reduce.h), lanes merge them; loads are packs of 16 bytes.
//             The second walk finds the row in the cache, unless it is long; then a single warp is slow, too.
// 4. block    rows above 1,024 take a block of 8 warps. Limited by memory: x is read once, y written once.
//
// Backward: naive, warp, and block, which has packs and takes a block for long rows.
#include "kernels/softmax/softmax.h"

#include "kernels/cuda/reduce.h"
#include "kernels/cuda/rows.h"

namespace ito::kernels {

namespace {

constexpr int threads = row_threads;

// y of x, from what is known of the row.
template <bool log, class A>
struct Result {
  A max, factor;
  __device__ explicit Result(const MaxSum<A>& row) : max(row.max), factor(log ? std::log(row.divisor()) : 1 / row.divisor()) {}
  __device__ A operator()(A x) const { return log ? x - max - factor : std::exp(x - max) * factor; }
};

// ---- forward

template <bool log, class T>
__global__ void __launch_bounds__(threads) softmax_of_thread(const T* x, T* y, int64_t rows, int64_t cols) {
  using A = accumulate_t<T>;
  const int64_t row = global_thread();
  if (row >= rows) return;
  x += row * cols;
  y += row * cols;
  MaxSum<A> seen{A(-INFINITY), A(0)};
  for (int64_t c = 0; c < cols; ++c) seen.max = std::max(seen.max, A(x[c]));
  for (int64_t c = 0; c < cols; ++c) seen.sum += std::exp(A(x[c]) - seen.max);
  const Result<log, A> result(seen);
  for (int64_t c = 0; c < cols; ++c) y[c] = T(result(A(x[c])));
}

// Block: (32, rows).
// occupancy: >= 50 %
template <bool log, class T>
__global__ void __launch_bounds__(threads) softmax_of_warp(const T* x, T* y, int64_t rows, int64_t cols) {
  using A = accumulate_t<T>;
  const int64_t row = int64_t(blockIdx.x) * blockDim.y + threadIdx.y;
  if (row >= rows) return;  // whole warps leave: no lane is missed below
  x += row * cols;
  y += row * cols;
  MaxSum<A> seen{A(-INFINITY), A(0)};
  for (int64_t c = threadIdx.x; c < cols; c += warp_lanes) seen.max = std::max(seen.max, A(x[c]));
  seen.max = warp_max(seen.max);
  for (int64_t c = threadIdx.x; c < cols; c += warp_lanes) seen.sum += std::exp(A(x[c]) - seen.max);
  seen.sum = warp_sum(seen.sum);
  const Result<log, A> result(seen);
  for (int64_t c = threadIdx.x; c < cols; c += warp_lanes) y[c] = T(result(A(x[c])));
}

// Block: (team, rows).
// occupancy: >= 50 %
template <int team, bool log, class T>
__global__ void __launch_bounds__(threads) softmax_online(const T* x, T* y, int64_t rows, int64_t cols) {
  using A = accumulate_t<T>;
  const int64_t row = int64_t(blockIdx.x) * blockDim.y + threadIdx.y;
  if (row >= rows) return;  // whole teams
  x += row * cols;
  auto seen = MaxSum<A>::empty();
  for_row<team>(
      cols, [&](int64_t, T value) { seen.add(A(value)); }, x);
  const Result<log, A> result(block_merge<team>(seen));
  map_row<team>(
      cols, y + row * cols, [&](int64_t, T value) { return T(result(A(value))); }, x);
}

template <bool log>
struct Forward {
  template <class T>
  static void naive(const T* x, T* y, int64_t rows, int64_t cols) {
    if (rows * cols == 0) return;
    launch(&softmax_of_thread<log, T>, {unsigned((rows + threads - 1) / threads), threads}, x, y, rows, cols);
  }
  template <class T>
  static void warp(const T* x, T* y, int64_t rows, int64_t cols) {
    if (rows * cols == 0) return;
    launch(&softmax_of_warp<log, T>, {unsigned((rows + 7) / 8), dim3(32, 8)}, x, y, rows, cols);
  }
  template <class T>
  static void online(const T* x, T* y, int64_t rows, int64_t cols) {
    if (rows * cols == 0) return;
    launch(&softmax_online<32, log, T>, {unsigned((rows + 7) / 8), dim3(32, 8)}, x, y, rows, cols);
  }
  template <class T>
  static void block(const T* x, T* y, int64_t rows, int64_t cols) {
    if (rows * cols == 0) return;
    with_row_team(rows, cols, [&]<int team>(dim3 grid, dim3 size) { launch(&softmax_online<team, log, T>, {grid, size}, x, y, rows, cols); });
  }
};

// ---- backward: a sum over the row, of dy y or of dy; then dx of each element

template <bool log, class A>
__device__ A term(A y, A dy) {
  return log ? dy : dy * y;
}
template <bool log, class A>
__device__ A derivative(A y, A dy, A sum) {
  return log ? dy - std::exp(y) * sum : y * (dy - sum);
}

template <bool log, class T>
__global__ void __launch_bounds__(threads) softmax_backward_of_thread(const T* y, const T* dy, T* dx, int64_t rows, int64_t cols) {
  using A = accumulate_t<T>;
  const int64_t row = global_thread(), at = row * cols;
  if (row >= rows) return;
  A sum = 0;
  for (int64_t i = at; i < at + cols; ++i) sum += term<log>(A(y[i]), A(dy[i]));
  for (int64_t i = at; i < at + cols; ++i) dx[i] = T(derivative<log>(A(y[i]), A(dy[i]), sum));
}

// Block: (32, rows).
// occupancy: >= 50 %
template <bool log, class T>
__global__ void __launch_bounds__(threads) softmax_backward_of_warp(const T* y, const T* dy, T* dx, int64_t rows, int64_t cols) {
  using A = accumulate_t<T>;
  const int64_t row = int64_t(blockIdx.x) * blockDim.y + threadIdx.y, at = row * cols;
  if (row >= rows) return;
  A sum = 0;
  for (int64_t i = at + threadIdx.x; i < at + cols; i += warp_lanes) sum += term<log>(A(y[i]), A(dy[i]));
  sum = warp_sum(sum);
  for (int64_t i = at + threadIdx.x; i < at + cols; i += warp_lanes) dx[i] = T(derivative<log>(A(y[i]), A(dy[i]), sum));
}

// Block: (team, rows).
// occupancy: >= 50 %
template <int team, bool log, class T>
__global__ void __launch_bounds__(threads) softmax_backward_of_team(const T* y, const T* dy, T* dx, int64_t rows, int64_t cols) {
  using A = accumulate_t<T>;
  const int64_t row = int64_t(blockIdx.x) * blockDim.y + threadIdx.y, at = row * cols;
  if (row >= rows) return;
  A sum = 0;
  for_row<team>(
      cols, [&](int64_t, T p, T g) { sum += term<log>(A(p), A(g)); }, y + at, dy + at);
  sum = block_sum<team>(sum);
  map_row<team>(
      cols, dx + at, [&](int64_t, T p, T g) { return T(derivative<log>(A(p), A(g), sum)); }, y + at, dy + at);
}

template <bool log>
struct Backward {
  template <class T>
  static void naive(const T* y, const T* dy, T* dx, int64_t rows, int64_t cols) {
    if (rows * cols == 0) return;
    launch(&softmax_backward_of_thread<log, T>, {unsigned((rows + threads - 1) / threads), threads}, y, dy, dx, rows, cols);
  }
  template <class T>
  static void warp(const T* y, const T* dy, T* dx, int64_t rows, int64_t cols) {
    if (rows * cols == 0) return;
    launch(&softmax_backward_of_warp<log, T>, {unsigned((rows + 7) / 8), dim3(32, 8)}, y, dy, dx, rows, cols);
  }
  template <class T>
  static void block(const T* y, const T* dy, T* dx, int64_t rows, int64_t cols) {
    if (rows * cols == 0) return;
    with_row_team(rows, cols, [&]<int team>(dim3 grid, dim3 size) {
      launch(&softmax_backward_of_team<team, log, T>, {grid, size}, y, dy, dx, rows, cols);
    });
  }
};

}  // namespace

ITO_REGISTER_KERNEL(SoftmaxForward, Device::cuda, "naive", Forward<false>::naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(SoftmaxForward, Device::cuda, "warp", Forward<false>::warp, float, double, bfloat16);
ITO_REGISTER_KERNEL(SoftmaxForward, Device::cuda, "online", Forward<false>::online, float, double, bfloat16);
ITO_REGISTER_KERNEL(SoftmaxForward, Device::cuda, "block", Forward<false>::block, float, double, bfloat16);
ITO_REGISTER_KERNEL(SoftmaxBackward, Device::cuda, "naive", Backward<false>::naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(SoftmaxBackward, Device::cuda, "warp", Backward<false>::warp, float, double, bfloat16);
ITO_REGISTER_KERNEL(SoftmaxBackward, Device::cuda, "block", Backward<false>::block, float, double, bfloat16);
ITO_REGISTER_KERNEL(LogSoftmaxForward, Device::cuda, "naive", Forward<true>::naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(LogSoftmaxForward, Device::cuda, "warp", Forward<true>::warp, float, double, bfloat16);
ITO_REGISTER_KERNEL(LogSoftmaxForward, Device::cuda, "online", Forward<true>::online, float, double, bfloat16);
ITO_REGISTER_KERNEL(LogSoftmaxForward, Device::cuda, "block", Forward<true>::block, float, double, bfloat16);
ITO_REGISTER_KERNEL(LogSoftmaxBackward, Device::cuda, "naive", Backward<true>::naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(LogSoftmaxBackward, Device::cuda, "warp", Backward<true>::warp, float, double, bfloat16);
ITO_REGISTER_KERNEL(LogSoftmaxBackward, Device::cuda, "block", Backward<true>::block, float, double, bfloat16);

}  // namespace ito::kernels
