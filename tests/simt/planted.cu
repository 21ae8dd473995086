// Bugs that kernels really have, each in the smallest kernel that shows it: early returns before barriers, forgotten barriers, wrong masks, ...
// template <bool bug>: the same kernel with and without it.
#include "tests/simt/planted.h"

#include "kernels/cuda/runtime.h"
#include "kernels/simt/cuda.h"
#include "tensor/error.h"

namespace ito::kernels {
namespace {

constexpr int threads = 64;

// n floats on the device.
struct Buffer {
  float* data;
  int n;
  explicit Buffer(int count, bool filled = true) : data(reinterpret_cast<float*>(cuda::allocate(size_t(count) * 4))), n(count) {
    if (!filled) return;
    const std::vector<float> ones(size_t(n), 1.0f);
    cuda::copy(data, ones.data(), size_t(n) * 4);
  }
  ~Buffer() { cuda::release(reinterpret_cast<std::byte*>(data)); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  std::vector<float> values() const {
    std::vector<float> out(static_cast<size_t>(n));
    cuda::copy(out.data(), data, size_t(n) * 4);
    return out;
  }
};

// ---- barriers

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
__global__ void loop_of_unequal_length(float* x) {
  const int t = int(threadIdx.x);
  for (int i = 0; i < (bug ? 1 + t / 63 : 2); ++i) __syncthreads();  // BUG loop_of_unequal_length
  x[t] = 0;
}

// ---- warp operations

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
__global__ void warp_against_block(float* x) {
  const int t = int(threadIdx.x);
  if (bug && t % 32 < 16)
    __syncthreads();
  else
    __syncwarp();  // BUG warp_against_block
  if (!bug || t % 32 >= 16) __syncthreads();
  x[t] = 0;
}

// ---- races

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

// ---- bounds

template <bool bug>
__global__ void one_past_the_end(const float* x, float* y, int n) {
  const int t = int(blockIdx.x * blockDim.x + threadIdx.x);
  if (bug ? t <= n : t < n) y[t < n ? t : 0] = x[t];  // BUG one_past_the_end
}

template <bool bug>
__global__ void before_the_start(const float* x, float* y) {
  const int t = int(threadIdx.x);
  y[t] = bug || t > 0 ? x[t - 1] : 0;  // BUG before_the_start
}

template <bool bug>
__global__ void no_guard_on_write(float* y, int n) {
  const int t = int(blockIdx.x * blockDim.x + threadIdx.x);
  if (bug || t < n) y[t] = 1;  // BUG no_guard_on_write
}

template <bool bug>
__global__ void beyond_shared(float* x) {
  __shared__ float s[threads + !bug];
  const int t = int(threadIdx.x);
  s[t + 1] = x[t];  // BUG beyond_shared
  __syncthreads();
  x[t] = s[t + (t == 0)];
}

template <bool bug>
__global__ void beyond_dynamic_shared(float* x) {
  float* s = dynamic_shared<float>();
  const int t = int(threadIdx.x);
  s[t + bug] = x[t];  // BUG beyond_dynamic_shared
}

template <bool bug>
__global__ void hosts_memory(const float* x, float* y) {
  y[threadIdx.x] = x[threadIdx.x];  // BUG hosts_memory
}

template <bool bug>
__global__ void misaligned(const float* x, float* y) {
  const float4 v = *reinterpret_cast<const float4*>(x + (bug ? 2 : 4));  // BUG misaligned
  y[threadIdx.x] = v.x;
}

// ---- what nobody wrote

template <bool bug>
__global__ void never_written(const float* x, float* y) {
  y[threadIdx.x] = x[threadIdx.x];  // BUG never_written
}

template <bool bug>
__global__ void add_to_what_nobody_zeroed(float* y) {
  atomicAdd(y, 1.0f);  // BUG add_to_what_nobody_zeroed
}

template <bool bug>
__global__ void stale_shared(float* y) {  // the last block's values lie there still
  __shared__ float s[threads];
  const int t = int(threadIdx.x), b = int(blockIdx.x);
  if (!bug || b == 0) s[t] = 1;
  __syncthreads();
  y[b * threads + t] = s[threads - 1 - t];  // BUG stale_shared
}

template <bool bug>
__global__ void row_left_out(float* s, int n) {
  const int t = int(threadIdx.x);
  if (t < (bug ? n - 1 : n)) s[t] = 0;
}

// ---- launches

__global__ void __launch_bounds__(threads) bounded(float* x) { x[threadIdx.x] = 0; }
__global__ void unbounded(float*) {}

std::vector<checks::Planted> all() {
  std::vector<checks::Planted> list;
  const auto add = [&](const char* name, const char* says, bool traced, std::function<void(bool)> run) {
    list.push_back({name, says, traced, [run](bool bug) {
                      run(bug);
                      cuda::synchronize();
                    }});
  };
  constexpr bool plain = false, traced = true;
// On one buffer of 64 floats, one block.
#define ITO_PLANTED(kernel, says, kind, ...)                                                     \
  add(#kernel, says, kind, [](bool bug) {                                                        \
    const Buffer x(threads);                                                                     \
    launch(bug ? kernel<true> : kernel<false>, {1, threads}, x.data __VA_OPT__(, ) __VA_ARGS__); \
    cuda::synchronize();                                                                         \
  })
  ITO_PLANTED(early_return, "has exited", plain, 40);
  ITO_PLANTED(two_places, "from two places", plain);
  ITO_PLANTED(barrier_in_branch, "never reach the barrier", plain);
  ITO_PLANTED(count_in_branch, "never reach the barrier", plain);
  ITO_PLANTED(loop_of_unequal_length, "never reach the barrier", plain);
  ITO_PLANTED(caller_not_in_mask, "not in its own mask", plain);
  ITO_PLANTED(mask_of_the_exited, "has exited", plain, 40);
  ITO_PLANTED(masks_disagree, "do not agree", plain);
  ITO_PLANTED(source_not_in_mask, "reads lane 20, which is not in the mask", plain);
  ITO_PLANTED(operations_disagree, "do not agree", plain);
  ITO_PLANTED(warp_against_block, "waits in __syncthreads", plain);
  add("partial_warp", "names lane 16, but this warp has 16 lanes", plain, [](bool bug) {
    const Buffer x(threads);
    launch(bug ? partial_warp<true> : partial_warp<false>, {1, 48}, x.data);
    cuda::synchronize();
  });
  ITO_PLANTED(sum_without_barrier, "no barrier between", traced);
  ITO_PLANTED(no_syncwarp, "no barrier between", traced);
  ITO_PLANTED(shuffle_as_barrier, "no barrier between", traced);
  ITO_PLANTED(half_a_syncwarp, "no barrier between", traced);
  ITO_PLANTED(scratch_reused, "no barrier between", traced);
  ITO_PLANTED(overwritten_while_read, "no barrier between", traced);
  ITO_PLANTED(all_write_one, "no barrier between", traced);
  ITO_PLANTED(plain_beside_atomic, "no barrier between", traced);
  ITO_PLANTED(neighbour_in_place, "no barrier between", traced);
  add("blocks_without_atomics", "nothing orders two blocks", traced, [](bool bug) {
    const Buffer x(1);
    launch(bug ? blocks_without_atomics<true> : blocks_without_atomics<false>, {8, threads}, x.data);
    ITO_CHECK(x.values()[0] == 9, "a sum of 9 is ", x.values()[0]);
  });
  add("one_past_the_end", "0 bytes past the end of `x.data` (400 bytes)", traced, [](bool bug) {
    const Buffer x(100), y(100);
    launch(bug ? one_past_the_end<true> : one_past_the_end<false>, {2, threads}, x.data, y.data, 100);
    cuda::synchronize();
  });
  add("before_the_start", "4 bytes before the start of `x.data`", traced, [](bool bug) {
    const Buffer x(threads), y(threads);
    launch(bug ? before_the_start<true> : before_the_start<false>, {1, threads}, x.data, y.data);
    cuda::synchronize();
  });
  add("no_guard_on_write", "past the end of `y.data` (400 bytes)", traced, [](bool bug) {
    const Buffer y(100);
    launch(bug ? no_guard_on_write<true> : no_guard_on_write<false>, {2, threads}, y.data, 100);
    cuda::synchronize();
  });
  ITO_PLANTED(beyond_shared, "takes element 64 of 'float [64]'", traced);
  add("beyond_dynamic_shared", "past the end of the dynamic shared memory of 256 bytes", traced, [](bool bug) {
    const Buffer x(threads);
    launch(bug ? beyond_dynamic_shared<true> : beyond_dynamic_shared<false>, {1, threads, threads * 4}, x.data);
    cuda::synchronize();
  });
  add("hosts_memory", "reads memory of the host", traced, [](bool bug) {
    const Buffer x(threads), y(threads);
    const std::vector<float> host(threads, 1.0f);
    launch(hosts_memory<true>, {1, threads}, bug ? host.data() : x.data, y.data);
    cuda::synchronize();
  });
  add("misaligned", "not a multiple of 16: `x.data`, byte 8", traced, [](bool bug) {
    const Buffer x(threads), y(threads);
    launch(bug ? misaligned<true> : misaligned<false>, {1, threads}, x.data, y.data);
    cuda::synchronize();
  });
  add("never_written", "which nobody has written", traced, [](bool bug) {
    const Buffer x(threads, !bug), y(threads);
    launch(never_written<true>, {1, threads}, x.data, y.data);
    cuda::synchronize();
  });
  add("add_to_what_nobody_zeroed", "atomically updates `y.data`, byte 0 of 4, which nobody has written", traced, [](bool bug) {
    const Buffer y(1, !bug);
    launch(add_to_what_nobody_zeroed<true>, {1, threads}, y.data);
    cuda::synchronize();
  });
  add("stale_shared", "shared array `s`", traced, [](bool bug) {
    const Buffer y(2 * threads);
    launch(bug ? stale_shared<true> : stale_shared<false>, {2, threads}, y.data);
    cuda::synchronize();
  });
  add("row_left_out", "a kernel left a part of its output out", traced, [](bool bug) {
    const Buffer y(threads, false);
    launch(bug ? row_left_out<true> : row_left_out<false>, {1, threads}, y.data, threads);
    y.values();
  });
  add("block_too_large", "1024 in all", plain, [](bool bug) {
    const Buffer x(threads);
    launch(unbounded, {1, dim3(32, bug ? 33 : 32)}, x.data);
  });
  add("grid_too_large", "65535", plain, [](bool bug) {
    const Buffer x(threads);
    launch(unbounded, {dim3(1, bug ? 65536 : 1), 1}, x.data);
  });
  add("no_threads", "0 threads", plain, [](bool bug) {
    const Buffer x(threads);
    launch(unbounded, {1, bug ? 0U : 1U}, x.data);
  });
  add("large_shared", "allow_shared_bytes", plain, [](bool bug) {
    const Buffer x(threads);
    launch(unbounded, {1, 1, bug ? 49153U : 49152U}, x.data);
  });
  add("beyond_launch_bounds", "at most 64", plain, [](bool bug) {
    const Buffer x(2 * threads);
    launch(bounded, {1, bug ? 2U * threads : 1U * threads}, x.data);
  });
  return list;
}

}  // namespace
}  // namespace ito::kernels

namespace ito::checks {
#ifdef ITO_SIMT_CHECKED
std::vector<Planted> planted_checked() { return kernels::all(); }
#else
std::vector<Planted> planted_plain() { return kernels::all(); }
#endif
}  // namespace ito::checks
