// Every reduction of kernels/cuda/reduce.h, each twice in a row; tests/cuda/test_reduce.cpp compares what every thread got.
#include "kernels/cuda/reduce.h"
#include "tests/cuda/test_reduce.h"

namespace ito::kernels {

namespace {

template <int threads, class State, class A>
__device__ State of_block(A x) {
  State one = State::empty();
  one.add(x);
  return block_merge<threads>(one);
}

template <int threads, class A>
__global__ void __launch_bounds__(threads) reduce_rows_of_block(const A* x, A* y) {
  const A own = x[threadIdx.x];
  const auto answer = [&](int k, A value) { y[k * threads + int(threadIdx.x)] = value; };
  answer(0, block_sum<threads>(own));
  answer(1, block_sum<threads>(2 * own));
  answer(2, block_max<threads>(own));
  answer(3, block_max<threads>(-own));
  answer(4, of_block<threads, MaxSum<A>>(own).log_sum());
  answer(5, of_block<threads, MaxSum<A>>(2 * own).log_sum());
  answer(6, of_block<threads, Moments<A>>(own).mean);
  const Moments<A> twice = of_block<threads, Moments<A>>(2 * own);
  answer(7, twice.squares / twice.count);
  answer(8, warp_sum(own));
  answer(9, warp_max(own));
}

// Block (16, threads / 16): sums of columns, twice.
template <int threads, class A>
__global__ void __launch_bounds__(threads) reduce_columns_of_block(const A* x, A* y) {
  const A own = x[threadIdx.y * blockDim.x + threadIdx.x];
  const A once = column_merge<threads>(Sum<A>{own}).value, twice = column_merge<threads>(Sum<A>{2 * own}).value;
  if (threadIdx.y != 0) return;
  y[threadIdx.x] = once;
  y[blockDim.x + threadIdx.x] = twice;
}

template <int threads, class A>
void both(const A* x, A* y) {
  launch(&reduce_rows_of_block<threads, A>, {1, threads}, x, y);
  launch(&reduce_columns_of_block<threads, A>, {1, dim3(16, threads / 16)}, x, y + test_reductions * threads);
}

template <class A>
void reductions(const A* x, A* y, int threads) {
  if (threads == 32) both<32>(x, y);
  if (threads == 256) both<256>(x, y);
  if (threads == 1024) both<1024>(x, y);
}

}  // namespace

ITO_REGISTER_KERNEL(TestReductions, Device::cuda, "test_all", reductions, float, double);

}  // namespace ito::kernels
