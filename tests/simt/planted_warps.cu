// Warp operations with wrong masks, absent lanes, partial warps.
// template <bool bug>: the same kernel with and without it.
#include "tests/simt/planted_kernels.h"

namespace ito::kernels {

namespace {

constexpr int threads = planted_threads;

template <bool bug>
__global__ void caller_not_in_mask(float* x) {
  const int t = int(threadIdx.x);
  x[t] = __shfl_xor_sync(bug ? 0xffffU : full_warp, float(t), 1);  // BUG caller_not_in_mask
}

template <bool bug>
__global__ void mask_of_the_exited(float* x, int n) {
  const int t = int(threadIdx.x);
  if (bug && t >= n) return;
  float v = t < n ? x[t] : 0;
  v += __shfl_xor_sync(full_warp, v, 8);  // BUG mask_of_the_exited
  if (t < n) x[t] = v;
}

template <bool bug>
__global__ void masks_disagree(float* x) {
  const int t = int(threadIdx.x), half = t % 32 / 16;
  const uint32_t own = half ? 0xffff0000U : 0x0000ffffU;
  x[t] = __shfl_xor_sync(bug && t % 2 ? full_warp : own, float(t), 1);  // BUG masks_disagree
}

template <bool bug>
__global__ void partial_warp(float* x) {  // 48 threads
  const int t = int(threadIdx.x);
  const uint32_t mask = bug || t < 32 ? full_warp : 0xffffU;
  x[t] = __shfl_xor_sync(mask, float(t), 1);  // BUG partial_warp
}

template <bool bug>
__global__ void source_not_in_mask(float* x) {
  const int t = int(threadIdx.x);
  if (t < 16) x[t] = __shfl_sync(0xffffU, float(t), bug ? 20 : 10);  // BUG source_not_in_mask
}

template <bool bug>
__global__ void operations_disagree(float* x) {
  const int t = int(threadIdx.x);
  float v = float(t);
  if (bug && t % 32 < 16)
    v = __shfl_down_sync(full_warp, v, 1);
  else
    v = __shfl_xor_sync(bug || t >= 0 ? full_warp : 0, v, 1);  // BUG operations_disagree
  x[t] = v;
}

template <bool bug>
__global__ void width_of_twelve(float* x) {
  const int t = int(threadIdx.x);
  x[t] = __shfl_sync(full_warp, float(t), 3, bug ? 12 : 8);  // BUG width_of_twelve
}

// A loop over a row with a shuffle in it, which the last lanes leave a round earlier.
template <bool bug>
__global__ void shuffle_in_unequal_loop(float* x, int n) {
  const int t = int(threadIdx.x);
  float sum = 0;
  for (int i = t % 32; i < (bug ? n : (n + 31) / 32 * 32); i += 32)
    sum += __shfl_xor_sync(full_warp, i < n ? x[i] : 0, 1);  // BUG shuffle_in_unequal_loop
  __syncthreads();
  x[t] = sum;
}

template <bool bug>
__global__ void warp_against_block(float* x) {
  const int t = int(threadIdx.x);
  if (bug && t % 32 < 16)
    __syncthreads();
  else
    __syncwarp();  // BUG warp_against_block
  if (!bug || t % 32 >= 16) __syncthreads();
  x[t] = 0;
}

}  // namespace

inline namespace ITO_CUDA_SET {
void plant_warps(PlantedList& list) {
  ITO_PLANTED(list, caller_not_in_mask, "not in its own mask", seen_always);
  ITO_PLANTED(list, mask_of_the_exited, "has exited", seen_always, 40);
  ITO_PLANTED(list, masks_disagree, "do not agree", seen_always);
  ITO_PLANTED(list, source_not_in_mask, "reads lane 20, which is not in the mask", seen_always);
  ITO_PLANTED(list, operations_disagree, "do not agree", seen_always);
  ITO_PLANTED(list, width_of_twelve, "a width of 12", seen_always);
  ITO_PLANTED(list, shuffle_in_unequal_loop, "of its mask, but", seen_always, 40);
  ITO_PLANTED(list, warp_against_block, "waits in __syncthreads", seen_always);
  list.add("partial_warp", "names lane 16, but this warp has 16 lanes", seen_always, [](bool bug) {
    const Buffer x(threads);
    launch(bug ? partial_warp<true> : partial_warp<false>, {1, 48}, x.data);
    cuda::synchronize();
  });
}
}  // namespace ITO_CUDA_SET

}  // namespace ito::kernels
