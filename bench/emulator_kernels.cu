// What bench/emulator.cpp times: kernels that do little but meet, and little but touch memory.
#include "kernels/cuda/cuda.h"

#include "bench/emulator.h"
#include "kernels/cuda/runtime.h"

namespace ito::kernels {

namespace {

constexpr int side = 16, threads = 256;

// c = a b for n x n matrices. A lane has 2 n accesses to shared memory, n / 8 to global, n / 8 barriers.
__global__ void __launch_bounds__(threads) tiled_matmul(const float* a, const float* b, float* c, int n) {
  __shared__ float at[side][side], bt[side][side];
  const int x = int(threadIdx.x), y = int(threadIdx.y), row = int(blockIdx.y) * side + y, col = int(blockIdx.x) * side + x;
  float sum = 0;
  for (int k = 0; k < n; k += side) {
    at[y][x] = a[row * n + k + x];
    bt[y][x] = b[(k + y) * n + col];
    __syncthreads();
    for (int l = 0; l < side; ++l) sum += at[y][l] * bt[l][x];
    __syncthreads();
  }
  c[row * n + col] = sum;
}

// Sums of rows of 256: five shuffles and two barriers a row.
__global__ void __launch_bounds__(threads) shuffle_sums(const float* x, float* y, int rows) {
  __shared__ float part[threads / 32];
  const int t = int(threadIdx.x);
  for (int r = int(blockIdx.x); r < rows; r += int(gridDim.x)) {
    float v = x[r * threads + t];
    for (int h = 16; h > 0; h /= 2) v += __shfl_xor_sync(full_warp, v, h);
    __syncthreads();
    if (t % 32 == 0) part[t / 32] = v;
    __syncthreads();
    if (t == 0) {
      for (int w = 1; w < threads / 32; ++w) v += part[w];
      y[r] = v;
    }
  }
}

__global__ void __launch_bounds__(threads) copy(const float* x, float* y, int64_t n) {
  for (int64_t i = global_thread(); i < n; i += global_threads()) y[i] = x[i];
}

__global__ void __launch_bounds__(32) tensor_core_matmul(const __nv_bfloat16* a, const __nv_bfloat16* b, float* c, int n) {
  namespace wmma = nvcuda::wmma;
  wmma::fragment<wmma::matrix_a, side, side, side, __nv_bfloat16, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, side, side, side, __nv_bfloat16, wmma::row_major> fb;
  wmma::fragment<wmma::accumulator, side, side, side, float> sum;
  wmma::fill_fragment(sum, 0.0f);
  const int row = int(blockIdx.y) * side, col = int(blockIdx.x) * side;
  for (int k = 0; k < n; k += side) {
    wmma::load_matrix_sync(fa, a + row * n + k, unsigned(n));
    wmma::load_matrix_sync(fb, b + k * n + col, unsigned(n));
    wmma::mma_sync(sum, fa, fb, sum);
  }
  wmma::store_matrix_sync(c + row * n + col, sum, unsigned(n), wmma::mem_row_major);
}

void run(const bench::Buffers& m, const char* kernel) {
  const int n = bench::side;
  const unsigned tiles = unsigned(n / side);
  const std::string_view name = kernel;
  if (name == "tiled matmul") launch(tiled_matmul, {dim3(tiles, tiles), dim3(side, side)}, m.x, m.y, m.z, n);
  if (name == "shuffle sums") launch(shuffle_sums, {16, threads}, m.x, m.z, n * n / threads);
  if (name == "copy") launch(copy, {16, threads}, m.x, m.z, int64_t(n) * n);
  if (name == "tensor cores")
    launch(tensor_core_matmul, {dim3(tiles, tiles), 32}, reinterpret_cast<const __nv_bfloat16*>(m.x), reinterpret_cast<const __nv_bfloat16*>(m.y),
           m.z, n);
  cuda::synchronize();
}

}  // namespace
}  // namespace ito::kernels

namespace ito::bench {
#ifdef ITO_SIMT_CHECKED
void run_traced(const Buffers& buffers, const char* kernel) { kernels::run(buffers, kernel); }
#else
void run_plain(const Buffers& buffers, const char* kernel) { kernels::run(buffers, kernel); }
#endif
}  // namespace ito::bench
