// Losses, one element each, and their gradients (formulas: loss.h).
//
// mse             1. naive: one block for everything.  2. split: a block a part, then the parts' sums (kernels/cuda/split_sum.h).
// its gradient    the rungs of kernels/cuda/elementwise.h
// cross_entropy   1. naive: a thread a row, one block for all rows.
//                 2. online: a warp a row, a block for rows above 1,024; maximum and sum in one walk (MaxSum of kernels/cuda/reduce.h), then the
//                 rows' losses in parts.
// its gradient    1. naive: a thread a row.  2. online: as above, and a second walk that finds the row in the cache.
// The upper rungs are limited by memory.
#include "kernels/loss/loss.h"

#include "kernels/cuda/elementwise.h"
#include "kernels/cuda/rows.h"
#include "kernels/cuda/split_sum.h"

namespace ito::kernels {

namespace {

constexpr int threads = row_threads;

// ---- mean squared error

template <class T>
struct SquaredError {
  using A = accumulate_t<T>;
  const T *x, *target;
  __device__ A operator()(int64_t i) const {
    const A difference = A(x[i]) - A(target[i]);
    return difference * difference;
  }
};

template <class T>
struct ErrorGradient {
  using A = accumulate_t<T>;
  const T* scale;  // on the device
  A factor;
  __device__ T operator()(T x, T target) const { return T(A(*scale) * factor * (A(x) - A(target))); }
};

template <class T>
void mse_naive(const T* x, const T* target, T* loss, int64_t n) {
  sum_at_once(SquaredError<T>{x, target}, n, accumulate_t<T>(n), loss);
}
template <class T>
void mse_split(const T* x, const T* target, T* loss, int64_t n) {
  sum_in_parts(SquaredError<T>{x, target}, n, accumulate_t<T>(n), loss);
}
template <class T>
void mse_backward_naive(const T* x, const T* target, const T* scale, T* dx, int64_t n) {
  elementwise_naive(ErrorGradient<T>{scale, accumulate_t<T>(2 / double(n))}, n, dx, x, target);
}
template <class T>
void mse_backward_vector(const T* x, const T* target, const T* scale, T* dx, int64_t n) {
  elementwise_vector(ErrorGradient<T>{scale, accumulate_t<T>(2 / double(n))}, n, dx, x, target);
}

// ---- cross entropy

// log softmax(x)[c] = x[c] - max - log(divisor)
template <class T>
__device__ MaxSum<accumulate_t<T>> seen_by_thread(const T* row, int64_t cols) {
  auto seen = MaxSum<accumulate_t<T>>::empty();
  for (int64_t c = 0; c < cols; ++c) seen.add(accumulate_t<T>(row[c]));
  return seen;
}

template <class T>
struct RowLoss {
  using A = accumulate_t<T>;
  const T* x;
  const int64_t* label;
  int64_t cols;
  __device__ A operator()(int64_t row) const {
    const MaxSum<A> seen = seen_by_thread(x + row * cols, cols);
    return std::log(seen.divisor()) - (A(x[row * cols + label[row]]) - seen.max);
  }
};

// Block: (team, rows).
// occupancy: >= 50 %
template <int team, class T>
__global__ void __launch_bounds__(threads) row_losses(const T* x, const int64_t* label, accumulate_t<T>* losses, int64_t rows, int64_t cols) {
  using A = accumulate_t<T>;
  const int64_t row = int64_t(blockIdx.x) * blockDim.y + threadIdx.y;
  if (row >= rows) return;  // whole teams
  x += row * cols;
  auto seen = MaxSum<A>::empty();
  for_row<team>(
      cols, [&](int64_t, T value) { seen.add(A(value)); }, x);
  seen = block_merge<team>(seen);
  if (threadIdx.x == 0) losses[row] = std::log(seen.divisor()) - (A(x[label[row]]) - seen.max);
}

template <class T>
void cross_entropy_naive(const T* x, const int64_t* label, T* loss, int64_t rows, int64_t cols) {
  sum_at_once(RowLoss<T>{x, label, cols}, rows, accumulate_t<T>(rows), loss);
}

template <class T>
void cross_entropy_online(const T* x, const int64_t* label, T* loss, int64_t rows, int64_t cols) {
  using A = accumulate_t<T>;
  const Scratch<A, Device::cuda> losses(rows);
  with_row_team(rows, cols, [&]<int team>(dim3 grid, dim3 block) {
    launch(&row_losses<team, T>, {grid, block}, x, label, losses.data(), rows, cols);
  });
  sum_in_parts(ElementsOf<A>{losses.data()}, rows, A(rows), loss);
}

template <class T>
__global__ void __launch_bounds__(threads)
    cross_entropy_gradient_of_thread(const T* x, const int64_t* label, const T* scale, T* dx, int64_t rows, int64_t cols) {
  using A = accumulate_t<T>;
  const int64_t row = global_thread();
  if (row >= rows) return;
  x += row * cols;
  const MaxSum<A> seen = seen_by_thread(x, cols);
  const A factor = A(*scale) / A(rows), inverse = 1 / seen.divisor();
  for (int64_t c = 0; c < cols; ++c) dx[row * cols + c] = T(factor * (std::exp(A(x[c]) - seen.max) * inverse - A(c == label[row] ? 1 : 0)));
}

// Block: (team, rows).
// occupancy: >= 50 %
template <int team, class T>
__global__ void __launch_bounds__(threads)
    cross_entropy_gradient(const T* x, const int64_t* label, const T* scale, T* dx, int64_t rows, int64_t cols) {
  using A = accumulate_t<T>;
  const int64_t row = int64_t(blockIdx.x) * blockDim.y + threadIdx.y;
  if (row >= rows) return;
  x += row * cols;
  auto seen = MaxSum<A>::empty();
  for_row<team>(
      cols, [&](int64_t, T value) { seen.add(A(value)); }, x);
  seen = block_merge<team>(seen);
  const A factor = A(*scale) / A(rows), inverse = 1 / seen.divisor();
  const int64_t own = label[row];
  map_row<team>(
      cols, dx + row * cols, [&](int64_t c, T value) { return T(factor * (std::exp(A(value) - seen.max) * inverse - A(c == own ? 1 : 0))); }, x);
}

template <class T>
void cross_entropy_backward_naive(const T* x, const int64_t* label, const T* scale, T* dx, int64_t rows, int64_t cols) {
  launch(&cross_entropy_gradient_of_thread<T>, {unsigned((rows + threads - 1) / threads), threads}, x, label, scale, dx, rows, cols);
}
template <class T>
void cross_entropy_backward_online(const T* x, const int64_t* label, const T* scale, T* dx, int64_t rows, int64_t cols) {
  with_row_team(rows, cols, [&]<int team>(dim3 grid, dim3 block) {
    launch(&cross_entropy_gradient<team, T>, {grid, block}, x, label, scale, dx, rows, cols);
  });
}

}  // namespace

ITO_REGISTER_KERNEL(MseForward, Device::cuda, "naive", mse_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(MseForward, Device::cuda, "split", mse_split, float, double, bfloat16);
ITO_REGISTER_KERNEL(MseBackward, Device::cuda, "naive", mse_backward_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(MseBackward, Device::cuda, "vector", mse_backward_vector, float, double, bfloat16);
ITO_REGISTER_KERNEL(CrossEntropyForward, Device::cuda, "naive", cross_entropy_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(CrossEntropyForward, Device::cuda, "online", cross_entropy_online, float, double, bfloat16);
ITO_REGISTER_KERNEL(CrossEntropyBackward, Device::cuda, "naive", cross_entropy_backward_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(CrossEntropyBackward, Device::cuda, "online", cross_entropy_backward_online, float, double, bfloat16);

}  // namespace ito::kernels
