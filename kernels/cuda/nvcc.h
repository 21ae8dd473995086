// CUDA C++ from nvcc: what Ito's kernel files use beyond the language itself. kernels/simt/cuda.h offers the same to the emulator.
#pragma once

#include <cuda_bf16.h>
#include <mma.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "kernels/cuda/host.h"

// The emulator's kernels are compiled twice, into a namespace each; here once.
#define ITO_CUDA_SET device_set

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

using cuda::Launch;
using cuda::multiprocessors;

constexpr int warpSize = 32;  // CUDA's own is a variable, which host code cannot read
constexpr uint32_t full_warp = 0xffffffffU;

__device__ __forceinline__ int lane_id() {
  int lane;
  asm("mov.u32 %0, %%laneid;" : "=r"(lane));
  return lane;
}

template <class T>
__device__ __forceinline__ T* dynamic_shared() {
  extern __shared__ uint4 ito_dynamic_shared[];  // aligned for the widest access
  return reinterpret_cast<T*>(ito_dynamic_shared);
}

// Puts the kernel on the stream. Throws Error when the device refuses it.
template <class... Parameters>
void launch(void (*kernel)(Parameters...), Launch l, std::type_identity_t<Parameters>... arguments) {
  cudaLaunchConfig_t config{};
  config.gridDim = l.grid;
  config.blockDim = l.block;
  config.dynamicSmemBytes = l.shared_bytes;
  config.stream = cuda::stream();
  cuda::check_launch(cudaLaunchKernelEx(&config, kernel, arguments...), reinterpret_cast<const void*>(kernel), l);
}

// Lets the kernel have more than 48 KiB of dynamic shared memory.
template <class... Parameters>
void allow_shared_bytes(void (*kernel)(Parameters...), size_t bytes, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  cuda::allow_shared_bytes(reinterpret_cast<const void*>(kernel), bytes, {file, line});
}

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
