// What a .cu file includes: CUDA C++ from nvcc, or from the emulator (kernels/simt) when the host's compiler compiles it. In both:
//   launch(kernel, {grid, block, shared_bytes}, arguments...)   dynamic_shared<T>()   allow_shared_bytes(kernel, bytes)   multiprocessors()
// What a header defines for kernels goes into the inline namespace ITO_CUDA_SET, as the emulator's kernels are compiled twice (plain, checked).
#pragma once

#ifdef __CUDACC__
#include "kernels/cuda/nvcc.h"
#else
#include "kernels/simt/cuda.h"
#endif

#include <algorithm>

#include "kernels/host_device.h"
#include "kernels/registry.h"

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

// Neighbouring elements that are loaded and stored in one instruction: 16 bytes at most, at a multiple of their size.
template <class T, int count>
struct alignas(sizeof(T) * count) Pack {
  static_assert(sizeof(T) * count <= 16);
  T element[count];
};

template <class T, int count>
__device__ __forceinline__ Pack<T, count> load_pack(const T* address) {
  return *reinterpret_cast<const Pack<T, count>*>(address);
}
template <class T, int count>
__device__ __forceinline__ void store_pack(T* address, const Pack<T, count>& pack) {
  *reinterpret_cast<Pack<T, count>*>(address) = pack;
}

// Whether packs of `bytes` bytes can be read at the address.
inline bool aligned_to(const void* address, size_t bytes) { return reinterpret_cast<uintptr_t>(address) % bytes == 0; }

// This thread's place in the whole launch, and how many threads there are, along x.
__device__ __forceinline__ int64_t global_thread() { return int64_t(blockIdx.x) * blockDim.x + threadIdx.x; }
__device__ __forceinline__ int64_t global_threads() { return int64_t(gridDim.x) * blockDim.x; }

// Blocks for n threads of work in a loop with a stride of the whole grid: enough to fill the device, no more.
inline unsigned blocks_for(int64_t n, int threads) {
  const int64_t needed = (n + threads - 1) / threads;
  return unsigned(std::max<int64_t>(1, std::min<int64_t>(needed, int64_t(multiprocessors()) * 8)));
}

// The functions of kernels/unary/functions.h on the device.
struct DeviceMath {
  template <class A>
  ITO_HOST_DEVICE static A exp(A x) {
    return std::exp(x);
  }
  template <class A>
  ITO_HOST_DEVICE static A log(A x) {
    return std::log(x);
  }
  template <class A>
  ITO_HOST_DEVICE static A tanh(A x) {
    return std::tanh(x);
  }
  template <class A>
  ITO_HOST_DEVICE static A sin(A x) {
    return std::sin(x);
  }
  template <class A>
  ITO_HOST_DEVICE static A cos(A x) {
    return std::cos(x);
  }
  template <class A>
  ITO_HOST_DEVICE static A erf(A x) {
    return std::erf(x);
  }
  template <class A>
  struct Normal {
    A density, distribution;
  };
  template <class A>
  ITO_HOST_DEVICE static Normal<A> normal(A x) {
    // First, as nvcc spills in f64 where both are worked out side by side.
    const A distribution = A(0.5) * std::erfc(-x * A(0.70710678118654752));
    return {std::exp(A(-0.5) * x * x) * A(0.39894228040143268), distribution};
  }
  // Without overflow on either side.
  template <class A>
  ITO_HOST_DEVICE static A sigmoid(A x) {
    const A e = std::exp(-std::abs(x));
    return x >= 0 ? 1 / (1 + e) : (x != x ? x : e / (1 + e));
  }
};

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
