// Barriers that not all threads reach.
// template <bool bug>: the same kernel with and without it.
#include "tests/simt/planted_kernels.h"

namespace ito::kernels {

namespace {

constexpr int threads = planted_threads;

template <bool bug>
__global__ void early_return(float* x, int n) {
  const int t = int(threadIdx.x);
  __shared__ float s[threads];
  if (bug && t >= n) return;
  s[t] = t < n ? x[t] : 0;
  __syncthreads();  // BUG early_return
  if (t < n) x[t] = s[n - 1 - t];
}

template <bool bug>
__global__ void two_places(float* x) {
  const int t = int(threadIdx.x);
  if (bug) {
    if (t < 32)
      __syncthreads();
    else
      __syncthreads();  // BUG two_places
  } else {
    __syncthreads();
  }
  x[t] = 0;
}

template <bool bug>
__global__ void barrier_in_branch(float* x) {
  const int t = int(threadIdx.x);
  if (!bug || x[t % 32] * float(t) < 5) __syncthreads();  // BUG barrier_in_branch
}

template <bool bug>
__global__ void count_in_branch(float* x) {
  const int t = int(threadIdx.x);
  int count = 0;
  if (!bug || t > 3) count = __syncthreads_count(t % 2);  // BUG count_in_branch
  if (t == 63) x[0] = float(count);
}

template <bool bug>
__global__ void votes_of_two_kinds(float* x) {
  const int t = int(threadIdx.x);
  x[t] = float(bug && t >= 32 ? __syncthreads_or(t == 40) : __syncthreads_and(t < 40));  // BUG votes_of_two_kinds
}

template <bool bug>
__global__ void loop_of_unequal_length(float* x) {
  const int t = int(threadIdx.x);
  for (int i = 0; i < (bug ? 1 + t / 63 : 2); ++i) __syncthreads();  // BUG loop_of_unequal_length
  x[t] = 0;
}

}  // namespace

inline namespace ITO_CUDA_SET {
void plant_barriers(PlantedList& list) {
  ITO_PLANTED(list, early_return, "has exited", seen_always, 40);
  ITO_PLANTED(list, two_places, "from two places", seen_always);
  ITO_PLANTED(list, barrier_in_branch, "never reach the barrier", seen_always);
  ITO_PLANTED(list, count_in_branch, "never reach the barrier", seen_always);
  ITO_PLANTED(list, votes_of_two_kinds, "from two places", seen_always);
  ITO_PLANTED(list, loop_of_unequal_length, "never reach the barrier", seen_always);
}
}  // namespace ITO_CUDA_SET

}  // namespace ito::kernels
