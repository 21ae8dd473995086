// y = op(A) op(B) + bias: the ladder's first rungs. The others are in matmul_register_cuda.cu and matmul_tensor_cuda.cu.
//
// 1. naive    a thread a result reads a row of A and a column of B: two loads for every multiplication, and nothing is kept.
// 2. tiled    a block stages 16x16 tiles of A and B in shared memory, each read from global memory once for 16 uses. Limited by shared memory:
//             still two loads for every multiplication.
#include "kernels/cuda/cuda.h"
#include "kernels/matmul/batch.h"

namespace ito::kernels {

namespace {

// op(X) for the matrices of a run: element (i, j) of the run's matrix b.
template <class T>
struct Matrices {
  const T* data;
  int64_t row_stride, col_stride, matrix_stride;
  IndexRun index;

  Matrices(const T* x, int64_t rows, int64_t cols, bool transposed, const IndexRun& run)
      : data(x), row_stride(transposed ? 1 : cols), col_stride(transposed ? rows : 1), matrix_stride(rows * cols), index(run) {}
  __device__ const T* matrix(int64_t b) const { return data + index.at(b) * matrix_stride; }
};

constexpr int threads = 256, side = 16;

template <class T>
__global__ void __launch_bounds__(threads) matmul_one(Matrices<T> a, Matrices<T> b, const T* bias, T* y, int64_t m, int64_t n, int64_t k) {
  using A = accumulate_t<T>;
  const int64_t e = global_thread();
  if (e >= m * n) return;
  const int64_t i = e / n, j = e % n;
  const T *row = a.matrix(blockIdx.z) + i * a.row_stride, *col = b.matrix(blockIdx.z) + j * b.col_stride;
  A sum = 0;
  for (int64_t p = 0; p < k; ++p) sum += A(row[p * a.col_stride]) * A(col[p * b.row_stride]);
  y[blockIdx.z * m * n + e] = T(bias ? sum + A(bias[j]) : sum);
}

// Neighbouring threads read neighbours in memory, also of a transposed matrix; a row of 17 keeps the columns of a tile in different banks.
template <class T>
__device__ void stage(const T* x, int64_t row_stride, int64_t col_stride, int64_t i0, int64_t rows, int64_t j0, int64_t cols,
                      accumulate_t<T> (&tile)[side][side + 1]) {
  const bool along_cols = col_stride == 1;
  const int i = along_cols ? threadIdx.y : threadIdx.x, j = along_cols ? threadIdx.x : threadIdx.y;
  const bool inside = i0 + i < rows && j0 + j < cols;
  tile[i][j] = inside ? accumulate_t<T>(x[(i0 + i) * row_stride + (j0 + j) * col_stride]) : accumulate_t<T>(0);
}

// occupancy: >= 75 %
template <class T>
__global__ void __launch_bounds__(threads) matmul_tiles(Matrices<T> a, Matrices<T> b, const T* bias, T* y, int64_t m, int64_t n, int64_t k) {
  using A = accumulate_t<T>;
  __shared__ A a_tile[side][side + 1], b_tile[side][side + 1];
  const int64_t tiles_n = (n + side - 1) / side, i0 = blockIdx.x / tiles_n * side, j0 = blockIdx.x % tiles_n * side;
  const T *am = a.matrix(blockIdx.z), *bm = b.matrix(blockIdx.z);
  A sum = 0;
  for (int64_t p0 = 0; p0 < k; p0 += side) {
    stage(am, a.row_stride, a.col_stride, i0, m, p0, k, a_tile);
    stage(bm, b.row_stride, b.col_stride, p0, k, j0, n, b_tile);
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
    launch(&matmul_one<T>, {{unsigned((s.m * s.n + threads - 1) / threads), 1, unsigned(count)}, threads},
           Matrices<T>(a, s.m, s.k, s.transpose_a, ra), Matrices<T>(b, s.k, s.n, s.transpose_b, rb), bias, y + first * s.m * s.n, s.m, s.n, s.k);
  });
}

template <class T>
void matmul_tiled(const T* a, const T* b, const T* bias, T* y, const MatmulShape& s) {
  if (s.m * s.n == 0) return;
  const int64_t tiles = ((s.m + side - 1) / side) * ((s.n + side - 1) / side);
  for_each_run(s, [&](const IndexRun& ra, const IndexRun& rb, int64_t first, int64_t count) {
    launch(&matmul_tiles<T>, {{unsigned(tiles), 1, unsigned(count)}, {side, side}}, Matrices<T>(a, s.m, s.k, s.transpose_a, ra),
           Matrices<T>(b, s.k, s.n, s.transpose_b, rb), bias, y + first * s.m * s.n, s.m, s.n, s.k);
  });
}

}  // namespace

ITO_REGISTER_KERNEL(Matmul, Device::cuda, "naive", matmul_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(Matmul, Device::cuda, "tiled", matmul_tiled, float, double, bfloat16);

}  // namespace ito::kernels
