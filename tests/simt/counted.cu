// Kernels whose requests to memory are known, each launched with blocks of 64 threads. Only the set with traces is counted.
#ifdef ITO_SIMT_CHECKED

#include "tests/simt/counted.h"

#include "tests/simt/planted_kernels.h"

namespace ito::kernels {

namespace {

constexpr int threads = 64, warp = 32;

__global__ void copied(const float* x, float* y) {
  const int i = int(blockIdx.x) * threads + int(threadIdx.x);
  y[i] = x[i];
}

__global__ void copied_by_four(const float4* x, float4* y) { y[threadIdx.x] = x[threadIdx.x]; }

__global__ void strided(const float* x, float* y) { y[threadIdx.x] = x[threadIdx.x * warp]; }

__global__ void one_for_all(const float* x, float* y) { y[threadIdx.x] = x[0]; }

// Each warp reads the columns of a square of its own.
template <int padding>
__global__ void columns(const float*, float* y) {
  __shared__ float s[threads / warp][warp][warp + padding];
  const int w = int(threadIdx.x) / warp, lane = int(threadIdx.x) % warp;
  for (int r = 0; r < warp; ++r) s[w][r][lane] = float(lane);
  __syncwarp();
  float sum = 0;
  for (int r = 0; r < warp; ++r) sum += s[w][lane][r];
  y[threadIdx.x] = sum;
}

__global__ void shared_by_four(const float*, float* y) {
  __shared__ float4 s[threads];
  s[threadIdx.x] = make_float4(1, 2, 3, 4);
  __syncthreads();
  y[threadIdx.x] = s[threads - 1 - threadIdx.x].x;
}

__global__ void every_second(const float*, float* y) {
  if (threadIdx.x % 2 == 0) y[threadIdx.x] = 1;
  __syncthreads();
}

__global__ void some_leave(const float*, float* y) {
  if (threadIdx.x >= 40) return;
  y[threadIdx.x] = 1;
}

__global__ void unequal_loops(const float*, float* y) {
  for (unsigned i = 0; i <= threadIdx.x % warp / 16; ++i) y[threadIdx.x] = 1;
}

__global__ void warp_sum(const float* x, float* y) {
  float v = x[threadIdx.x];
  for (int h = 16; h > 0; h /= 2) v += __shfl_xor_sync(full_warp, v, h);
  __syncthreads();
  y[threadIdx.x] = v;
}

__global__ void tile(const __nv_bfloat16* x, float* y) {
  namespace wmma = nvcuda::wmma;
  wmma::fragment<wmma::matrix_a, 16, 16, 16, __nv_bfloat16, wmma::row_major> a;
  wmma::load_matrix_sync(a, x, 16);
  y[threadIdx.x] = float(a.x[0]);
}

}  // namespace
}  // namespace ito::kernels

namespace ito::checks {

void run_counted(const char* kernel) {
  using namespace kernels;
  const Buffer x(threads * warp), y(threads * 4);
  const std::string_view name = kernel;
  if (name == "copied") launch(copied, {4, threads}, x.data, y.data);
  if (name == "copied_by_four") launch(copied_by_four, {1, threads}, reinterpret_cast<const float4*>(x.data), reinterpret_cast<float4*>(y.data));
  if (name == "strided") launch(strided, {1, threads}, x.data, y.data);
  if (name == "one_for_all") launch(one_for_all, {1, threads}, x.data, y.data);
  if (name == "columns<0>") launch(columns<0>, {1, threads}, x.data, y.data);
  if (name == "columns<1>") launch(columns<1>, {1, threads}, x.data, y.data);
  if (name == "shared_by_four") launch(shared_by_four, {1, threads}, x.data, y.data);
  if (name == "every_second") launch(every_second, {1, threads}, x.data, y.data);
  if (name == "some_leave") launch(some_leave, {1, threads}, x.data, y.data);
  if (name == "unequal_loops") launch(unequal_loops, {1, threads}, x.data, y.data);
  if (name == "warp_sum") launch(warp_sum, {1, threads}, x.data, y.data);
  if (name == "tile") launch(tile, {1, threads}, reinterpret_cast<const __nv_bfloat16*>(x.data), y.data);
  cuda::synchronize();
}

}  // namespace ito::checks
#endif
