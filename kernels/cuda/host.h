// The host's side of CUDA for those files that call it themselves: the stream, checked calls, launches. ITO_CUDA=ON only.
#pragma once

#include <cuda_runtime.h>

#include <string>

namespace ito::cuda {

// Where all kernels and copies go.
cudaStream_t stream();

// Throws Error: "[cudaMalloc(&memory, bytes)] runtime_cuda.cpp:42: out of memory".
void check(cudaError_t result, const char* call, const char* file, int line);
#define ITO_CUDA_CHECK(call) ::ito::cuda::check((call), #call, __FILE__, __LINE__)
// The same for what cuBLAS and the like said is wrong.
[[noreturn]] void fail_call(const char* why, const char* call, const char* file, int line);

// Where in the sources something is called.
struct Place {
  const char* file = "";
  int line = 0;
};
std::string text_of(const Place& place);  // "softmax_cuda.cu:42"

// What a kernel is launched with. The default arguments are those of the caller's line.
struct Launch {
  dim3 grid, block;
  size_t shared_bytes;
  Place where;
  Launch(dim3 grid_, dim3 block_, size_t shared_bytes_ = 0, const char* file = __builtin_FILE(), int line = __builtin_LINE())
      : grid(grid_), block(block_), shared_bytes(shared_bytes_), where{file, line} {}
};

// Throws Error that names the kernel, the place and the sizes.
void check_launch(cudaError_t result, const void* kernel, const Launch& launch);

void allow_shared_bytes(const void* kernel, size_t bytes, Place where);
int multiprocessors();

}  // namespace ito::cuda
