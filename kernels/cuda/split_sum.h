// The sum, over a divisor, of f(i) for all i < n, as one element: blocks sum parts, a second launch the parts' sums.
#pragma once

#include "kernels/cuda/parts.h"
#include "kernels/cuda/reduce.h"
#include "kernels/scratch.h"

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

namespace {  // of each file: the emulator's launch bounds do not allow the linker to merge kernels of one name

constexpr int split_threads = 256;

// out[p] = sum of f(i) / divisor over part p = blockIdx.x, `length` elements.
// occupancy: >= 50 %
template <class A, class F, class Out>
__global__ void __launch_bounds__(split_threads) sum_of_part(F f, int64_t n, int64_t length, A divisor, Out* out) {
  const int64_t first = int64_t(blockIdx.x) * length, last = n - first < length ? n : first + length;
  A sum = 0;
#pragma unroll 4
  for (int64_t i = first + threadIdx.x; i < last; i += split_threads) sum += f(i);
  sum = block_sum<split_threads>(sum);
  if (threadIdx.x == 0) out[blockIdx.x] = Out(sum / divisor);
}

template <class A>
struct ElementsOf {
  const A* x;
  __device__ A operator()(int64_t i) const { return x[i]; }
};

// One block for all.
template <class A, class F, class Out>
void sum_at_once(const F& f, int64_t n, A divisor, Out* out) {
  launch(&sum_of_part<A, F, Out>, {1, split_threads}, f, n, n, divisor, out);
}

template <class A, class F, class Out>
void sum_in_parts(const F& f, int64_t n, A divisor, Out* out) {
  const auto [length, parts] = cut(n, 1, 8 * split_threads);
  if (parts == 1) return sum_at_once(f, n, divisor, out);
  const Scratch<A, Device::cuda> sums(parts);
  launch(&sum_of_part<A, F, A>, {unsigned(parts), split_threads}, f, n, length, A(1), sums.data());
  sum_at_once(ElementsOf<A>{sums.data()}, parts, divisor, out);
}

}  // namespace

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
