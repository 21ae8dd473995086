// y = op(A) op(B) + bias: the ladder's first rungs. The others are in matmul_register_cuda.cu and matmul_tensor_cuda.cu.
//
// 1. naive    a thread a result reads a row of A and a column of B: two loads for every multiplication, and nothing is kept.
// 2. tiled    a block stages 16x16 tiles of A and B in shared memory, each read from global memory once for 16 uses. Limited by shared memory:
//             still two loads for every multiplication.
#include "kernels/cuda/cuda.h"
#include "kernels/matmul/batch.h"

namespace ito::kernels {

namespace {

// Where op(X) has its elements: (i, j) of matrix z.
struct Strides {
  int64_t row, col, matrix;
  IndexRun index;

  Strides(int64_t rows, int64_t cols, bool transposed, const IndexRun& run)
      : row(transposed ? 1 : cols), col(transposed ? rows : 1), matrix(rows * cols), index(run) {}
  __device__ int64_t start(int z) const { return index.at(z) * matrix; }
};

constexpr int threads = 256, side = 16;

template <class T>
__global__ void __launch_bounds__(threads)
    matmul_one(const T* a, Strides sa, const T* b, Strides sb, const T* bias, T* y, int64_t m, int64_t n, int64_t k) {
  using A = accumulate_t<T>;
  const int64_t e = global_thread();
  if (e >= m * n) return;
  const int64_t i = e / n, j = e % n;
  const T *row = a + sa.start(int(blockIdx.z)) + i * sa.row, *col = b + sb.start(int(blockIdx.z)) + j * sb.col;
  A sum = 0;
  for (int64_t p = 0; p < k; ++p) sum += A(row[p * sa.col]) * A(col[p * sb.row]);
  y[blockIdx.z * m * n + e] = T(bias ? sum + A(bias[j]) : sum);
}

// Neighbouring threads read neighbours in memory, also of a transposed matrix; a row of 17 keeps the columns of a tile in different banks.
template <class T>
__device__ void stage(const T* x, const Strides& s, int64_t i0, int64_t rows, int64_t j0, int64_t cols, accumulate_t<T> (&tile)[side][side + 1]) {
  const bool along_cols = s.col == 1;
  const int i = along_cols ? threadIdx.y : threadIdx.x, j = along_cols ? threadIdx.x : threadIdx.y;
  const bool inside = i0 + i < rows && j0 + j < cols;
  tile[i][j] = inside ? accumulate_t<T>(x[(i0 + i) * s.row + (j0 + j) * s.col]) : accumulate_t<T>(0);
}

// occupancy: >= 75 %
template <class T>
__global__ void __launch_bounds__(threads)
    matmul_tiles(const T* a, Strides sa, const T* b, Strides sb, const T* bias, T* y, int64_t m, int64_t n, int64_t k) {
  using A = accumulate_t<T>;
  __shared__ A a_tile[side][side + 1], b_tile[side][side + 1];
  const int64_t tiles_n = (n + side - 1) / side, i0 = blockIdx.x / tiles_n * side, j0 = blockIdx.x % tiles_n * side;
  a += sa.start(int(blockIdx.z));
  b += sb.start(int(blockIdx.z));
  A sum = 0;
  for (int64_t p0 = 0; p0 < k; p0 += side) {
    stage(a, sa, i0, m, p0, k, a_tile);
    stage(b, sb, p0, k, j0, n, b_tile);
    __syncthreads();
#pragma unroll
    for (int p = 0; p < side; ++p) sum += a_tile[threadIdx.y][p] * b_tile[p][threadIdx.x];
    __syncthreads();
  }
  const int64_t i = i0 + threadIdx.y, j = j0 + threadIdx.x;
  if (i < m && j < n) y[(blockIdx.z * m + i) * n + j] = T(bias ? sum + A(bias[j]) : sum);
}

template <class T>
void matmul_naive(const T* a, const T* b, const T* bias, T* y, const MatmulShape& s) {
  if (s.m * s.n == 0) return;
  for_each_run(s, [&](const IndexRun& ra, const IndexRun& rb, int64_t first, int64_t count) {
    launch(&matmul_one<T>, {{unsigned((s.m * s.n + threads - 1) / threads), 1, unsigned(count)}, threads}, a, Strides(s.m, s.k, s.transpose_a, ra), b,
           Strides(s.k, s.n, s.transpose_b, rb), bias, y + first * s.m * s.n, s.m, s.n, s.k);
  });
}

template <class T>
void matmul_tiled(const T* a, const T* b, const T* bias, T* y, const MatmulShape& s) {
  if (s.m * s.n == 0) return;
  const int64_t tiles = ((s.m + side - 1) / side) * ((s.n + side - 1) / side);
  for_each_run(s, [&](const IndexRun& ra, const IndexRun& rb, int64_t first, int64_t count) {
    launch(&matmul_tiles<T>, {{unsigned(tiles), 1, unsigned(count)}, {side, side}}, a, Strides(s.m, s.k, s.transpose_a, ra), b,
           Strides(s.k, s.n, s.transpose_b, rb), bias, y + first * s.m * s.n, s.m, s.n, s.k);
  });
}

}  // namespace

ITO_REGISTER_KERNEL(Matmul, Device::cuda, "naive", matmul_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(Matmul, Device::cuda, "tiled", matmul_tiled, float, double, bfloat16);

}  // namespace ito::kernels
