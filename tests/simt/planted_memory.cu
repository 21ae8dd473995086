// Accesses out of bounds, misaligned, to the host's memory, and of what nobody wrote.
// template <bool bug>: the same kernel with and without it.
#include "tests/simt/planted_kernels.h"

namespace ito::kernels {

namespace {

constexpr int threads = planted_threads;

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
__global__ void stale_dynamic_shared(float* y) {
  float* s = dynamic_shared<float>();
  const int t = int(threadIdx.x), b = int(blockIdx.x);
  if (!bug || b == 0) s[t] = 1;
  __syncthreads();
  y[b * threads + t] = s[threads - 1 - t];  // BUG stale_dynamic_shared
}

// As many blocks as the device runs at a time, each with one part of the work: right on the device of who wrote it.
template <bool bug>
__global__ void as_many_blocks_as_the_device(float* y, int parts) {
  for (int p = int(blockIdx.x); p < parts; p += int(gridDim.x)) {
    y[p * threads + int(threadIdx.x)] = 1;
    if (bug) return;
  }
}

template <bool bug>
__global__ void row_left_out(float* s, int n) {
  const int t = int(threadIdx.x);
  if (t < (bug ? n - 1 : n)) s[t] = 0;
}

}  // namespace

inline namespace ITO_CUDA_SET {
void plant_memory(PlantedList& list) {
  list.add("one_past_the_end", "0 bytes past the end of `x.data` (400 bytes)", seen_traced, [](bool bug) {
    const Buffer x(100), y(100);
    launch(bug ? one_past_the_end<true> : one_past_the_end<false>, {2, threads}, x.data, y.data, 100);
    cuda::synchronize();
  });
  list.add("before_the_start", "4 bytes before the start of `x.data`", seen_traced, [](bool bug) {
    const Buffer x(threads), y(threads);
    launch(bug ? before_the_start<true> : before_the_start<false>, {1, threads}, x.data, y.data);
    cuda::synchronize();
  });
  list.add("no_guard_on_write", "past the end of `y.data` (400 bytes)", seen_traced, [](bool bug) {
    const Buffer y(100);
    launch(bug ? no_guard_on_write<true> : no_guard_on_write<false>, {2, threads}, y.data, 100);
    cuda::synchronize();
  });
  ITO_PLANTED(list, beyond_shared, "takes element 64 of 'float [64]'", seen_traced);
  list.add("beyond_dynamic_shared", "past the end of the dynamic shared memory of 256 bytes", seen_traced, [](bool bug) {
    const Buffer x(threads);
    launch(bug ? beyond_dynamic_shared<true> : beyond_dynamic_shared<false>, {1, threads, threads * 4}, x.data);
    cuda::synchronize();
  });
  list.add("hosts_memory", "reads memory of the host", seen_traced, [](bool bug) {
    const Buffer x(threads), y(threads);
    const std::vector<float> host(threads, 1.0f);
    launch(hosts_memory<true>, {1, threads}, bug ? host.data() : x.data, y.data);
    cuda::synchronize();
  });
  list.add("misaligned", "not a multiple of 16: `x.data`, byte 8", seen_traced, [](bool bug) {
    const Buffer x(threads), y(threads);
    launch(bug ? misaligned<true> : misaligned<false>, {1, threads}, x.data, y.data);
    cuda::synchronize();
  });
  list.add("never_written", "which nobody has written", seen_traced, [](bool bug) {
    const Buffer x(threads, !bug), y(threads);
    launch(never_written<true>, {1, threads}, x.data, y.data);
    cuda::synchronize();
  });
  list.add("add_to_what_nobody_zeroed", "atomically updates `y.data`, byte 0 of 4, which nobody has written", seen_traced, [](bool bug) {
    const Buffer y(1, !bug);
    launch(add_to_what_nobody_zeroed<true>, {1, threads}, y.data);
    cuda::synchronize();
  });
  list.add("stale_shared", "shared array `s`", seen_traced, [](bool bug) {
    const Buffer y(2 * threads);
    launch(bug ? stale_shared<true> : stale_shared<false>, {2, threads}, y.data);
    cuda::synchronize();
  });
  list.add("stale_dynamic_shared", "dynamic shared memory, byte", seen_traced, [](bool bug) {
    const Buffer y(2 * threads);
    launch(bug ? stale_dynamic_shared<true> : stale_dynamic_shared<false>, {2, threads, threads * 4}, y.data);
    cuda::synchronize();
  });
  list.add("as_many_blocks_as_the_device", "a kernel left a part of its output out", seen_traced, [](bool bug) {
    const int parts = multiprocessors() + 1;
    const Buffer y(parts * threads, false);
    launch(bug ? as_many_blocks_as_the_device<true> : as_many_blocks_as_the_device<false>, {unsigned(multiprocessors()), threads}, y.data, parts);
    y.values();
  });
  list.add("row_left_out", "a kernel left a part of its output out", seen_traced, [](bool bug) {
    const Buffer y(threads, false);
    launch(bug ? row_left_out<true> : row_left_out<false>, {1, threads}, y.data, threads);
    y.values();
  });
}
}  // namespace ITO_CUDA_SET

}  // namespace ito::kernels
