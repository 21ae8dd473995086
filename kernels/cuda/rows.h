// Walks over a row by a team: the `threads` threads of a block that share threadIdx.y, a warp or a whole block. A turn gives each thread a pack of 4
// neighbours, loaded in one instruction of 16 bytes (8 of bf16) where the addresses allow it, else one by one; of f64 it is one element. Who gets
// which depends on the length alone, so that a sum has the same bits wherever its row lies.
#pragma once

#include "kernels/cuda/cuda.h"

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

template <class... T>
constexpr int row_pack = std::max({sizeof(T)...}) > 4 ? 1 : 4;

template <int count, class... T>
__device__ __forceinline__ bool packs_at(const T*... address) {
  return ((reinterpret_cast<uintptr_t>(address) % (sizeof(T) * count) == 0) && ...);
}

// Neighbours as a pack, in one access where all addresses allow it.
template <int count, class T>
__device__ __forceinline__ Pack<T, count> load_lanes(const T* address, bool packed) {
  if (packed) return load_pack<T, count>(address);
  Pack<T, count> out;
#pragma unroll
  for (int l = 0; l < count; ++l) out.element[l] = address[l];
  return out;
}
template <int count, class T>
__device__ __forceinline__ void store_lanes(T* address, const Pack<T, count>& pack, bool packed) {
  if (packed) return store_pack<T, count>(address, pack);
#pragma unroll
  for (int l = 0; l < count; ++l) address[l] = pack.element[l];
}

// f(i, x[i]...) for this thread's part of [0, n).
template <int threads, class F, class... X>
__device__ __forceinline__ void for_row(int64_t n, F&& f, const X*... x) {
  constexpr int lanes = row_pack<X...>;
  const bool packed = packs_at<lanes>(x...);
  for (int64_t at = int64_t(threadIdx.x) * lanes; at < n; at += threads * lanes) {
    if (packed && at + lanes <= n) {
      const auto each = [&](const Pack<X, lanes>&... in) {
#pragma unroll
        for (int l = 0; l < lanes; ++l) f(at + l, in.element[l]...);
      };
      each(load_pack<X, lanes>(x + at)...);
    } else {
      for (int64_t i = at; i < n && i < at + lanes; ++i) f(i, x[i]...);
    }
  }
}

// y[i] = f(i, x[i]...). y may be one of x: the thread that writes an element is the one that reads it, and in for_row() was.
template <int threads, class Y, class F, class... X>
__device__ __forceinline__ void map_row(int64_t n, Y* y, F&& f, const X*... x) {
  constexpr int lanes = row_pack<Y, X...>;
  const bool packed = packs_at<lanes>(y, x...);
  for (int64_t at = int64_t(threadIdx.x) * lanes; at < n; at += threads * lanes) {
    if (packed && at + lanes <= n) {
      Pack<Y, lanes> out;
      const auto each = [&](const Pack<X, lanes>&... in) {
#pragma unroll
        for (int l = 0; l < lanes; ++l) out.element[l] = f(at + l, in.element[l]...);
      };
      each(load_pack<X, lanes>(x + at)...);
      store_pack<Y, lanes>(y + at, out);
    } else {
      for (int64_t i = at; i < n && i < at + lanes; ++i) y[i] = f(i, x[i]...);
    }
  }
}

// Threads of a team for rows of n elements: a warp up to `row_of_a_warp`, whose blocks then take 8 rows; above, a block.
constexpr int row_threads = 256, row_of_a_warp = 1024;

template <class F>
void with_row_team(int64_t rows, int64_t n, F&& f) {
  constexpr int rows_a_block = row_threads / 32;
  if (n <= row_of_a_warp)
    f.template operator()<32>(dim3(unsigned((rows + rows_a_block - 1) / rows_a_block)), dim3(32, rows_a_block));
  else
    f.template operator()<row_threads>(dim3(unsigned(rows)), dim3(row_threads));
}

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
