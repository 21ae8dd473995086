// Two threads at the same bytes with nothing to order them.
// template <bool bug>: the same kernel with and without it.
#include "tests/simt/planted_kernels.h"

namespace ito::kernels {

namespace {

constexpr int threads = planted_threads;

template <bool bug>
__global__ void sum_without_barrier(float* x) {
  __shared__ float s[threads];
  const int t = int(threadIdx.x);
  s[t] = x[t];
  __syncthreads();
  for (int h = threads / 2; h > 0; h /= 2) {
    if (t < h) s[t] += s[t + h];  // BUG sum_without_barrier
    if (!bug) __syncthreads();
  }
  if (t == 0) x[0] = s[0];
}

template <bool bug>
__global__ void no_syncwarp(float* x) {
  __shared__ float s[threads];
  const int t = int(threadIdx.x);
  s[t] = float(t);
  if (!bug) __syncwarp();
  x[t] = s[t ^ 1];  // BUG no_syncwarp
}

// A shuffle brings the lanes together, but it does not order their accesses.
template <bool bug>
__global__ void shuffle_as_barrier(float* x) {
  __shared__ float s[threads];
  const int t = int(threadIdx.x);
  s[t] = __shfl_xor_sync(full_warp, float(t), 2);
  if (bug)
    x[t] = __shfl_xor_sync(full_warp, float(t), 1);
  else
    __syncwarp();
  x[t] = s[t ^ 1];  // BUG shuffle_as_barrier
}

template <bool bug>
__global__ void half_a_syncwarp(float* x) {
  __shared__ float s[threads];
  const int t = int(threadIdx.x);
  s[t] = float(t);
  if (bug)
    __syncwarp(t % 32 < 16 ? 0xffffU : 0xffff0000U);
  else
    __syncwarp();
  x[t] = s[t ^ 16];  // BUG half_a_syncwarp
}

// The scratch of a block-wide sum is written again while others still read the first result.
template <bool bug>
__device__ float block_sum(float v) {
  __shared__ float part[threads / 32];
  const int t = int(threadIdx.x);
  for (int h = 16; h > 0; h /= 2) v += __shfl_xor_sync(full_warp, v, h);
  if (!bug) __syncthreads();
  if (t % 32 == 0) part[t / 32] = v;  // BUG scratch_reused
  __syncthreads();
  return part[0] + part[1];
}
template <bool bug>
__global__ void scratch_reused(float* x) {
  const int t = int(threadIdx.x);
  const float mean = block_sum<bug>(x[t]) / threads;
  x[t] = block_sum<bug>((x[t] - mean) * (x[t] - mean));
}

template <bool bug>
__global__ void overwritten_while_read(float* x) {
  __shared__ float logits[threads];
  const int t = int(threadIdx.x);
  logits[t] = x[t];
  __syncthreads();
  float sum = 0;
  for (int i = 0; i < threads; ++i) sum += logits[i];
  if (!bug) __syncthreads();
  logits[t] /= sum;  // BUG overwritten_while_read
  x[t] = logits[t];
}

template <bool bug>
__global__ void all_write_one(float* x) {
  if (!bug && threadIdx.x != 0) return;
  x[0] = float(threadIdx.x);  // BUG all_write_one
}

template <bool bug>
__global__ void blocks_without_atomics(float* x) {
  if (threadIdx.x != 0) return;
  if (bug)
    x[0] += 1;  // BUG blocks_without_atomics
  else
    atomicAdd(x, 1.0f);
}

// Blocks of one launch run in any order, even if the earlier one seems to come first.
template <bool bug>
__global__ void reads_another_blocks_result(float* x) {
  if (threadIdx.x != 0) return;
  const int b = int(blockIdx.x);
  x[b] = 2;
  if (b > 0) x[8 + b] = x[bug ? b - 1 : b];  // BUG reads_another_blocks_result
}

template <bool bug>
__global__ void plain_beside_atomic(float* x) {
  const int t = int(threadIdx.x);
  atomicAdd(x, 1.0f);
  if (!bug) __syncthreads();
  if (t == 0) x[1] = x[0];  // BUG plain_beside_atomic
}

template <bool bug>
__global__ void neighbour_in_place(float* x) {
  const int t = int(threadIdx.x);
  const float left = x[t > 0 ? t - 1 : 0];
  if (!bug) __syncthreads();
  x[t] = left;  // BUG neighbour_in_place
}

}  // namespace

inline namespace ITO_CUDA_SET {
void plant_races(PlantedList& list) {
  ITO_PLANTED(list, sum_without_barrier, "no barrier between", seen_traced);
  ITO_PLANTED(list, no_syncwarp, "no barrier between", seen_traced);
  ITO_PLANTED(list, shuffle_as_barrier, "no barrier between", seen_traced);
  ITO_PLANTED(list, half_a_syncwarp, "no barrier between", seen_traced);
  ITO_PLANTED(list, scratch_reused, "no barrier between", seen_traced);
  ITO_PLANTED(list, overwritten_while_read, "no barrier between", seen_traced);
  ITO_PLANTED(list, all_write_one, "no barrier between", seen_traced);
  ITO_PLANTED(list, plain_beside_atomic, "no barrier between", seen_traced);
  ITO_PLANTED(list, neighbour_in_place, "no barrier between", seen_traced);
  list.add("reads_another_blocks_result", "nothing orders two blocks", seen_traced, [](bool bug) {
    const Buffer x(16);
    launch(bug ? reads_another_blocks_result<true> : reads_another_blocks_result<false>, {8, threads}, x.data);
    cuda::synchronize();
  });
  list.add("blocks_without_atomics", "nothing orders two blocks", seen_traced, [](bool bug) {
    const Buffer x(1);
    launch(bug ? blocks_without_atomics<true> : blocks_without_atomics<false>, {8, threads}, x.data);
    ITO_CHECK(x.values()[0] == 9, "a sum of 9 is ", x.values()[0]);
  });
}
}  // namespace ITO_CUDA_SET

}  // namespace ito::kernels
