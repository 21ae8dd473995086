// What the tile loops (tile_cuda.h) multiply:  C[z] (m, n) = A[z] (m, k) B[z] (k, n) + bias,  z a matrix of a batch or a group of channels.
//
// A layout says where an operand's elements are. The outer index is a row of A or a column of B:
//   address(x, z, outer, k)   null where there is no such element, or where it is zero
//   depth(z)                  the extent of k (asked of A's)
//   along_k                   whether neighbours in memory are neighbours along k, else along the outer index
//   packable(x, width)        whether `width` of these neighbours from a multiple of `width` on lie together, aligned, and all exist or none (host)
// A result says where C goes: row(y, z, row), null for rows that are not wanted, bias(z), the first column's place in the bias, and packable().
#pragma once

#include "kernels/cuda/cuda.h"
#include "kernels/matmul/batch.h"

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

struct GemmShape {
  int m = 0, n = 0, k = 0, matrices = 1;  // the largest m and k of all z
  int parts = 1, part_length = 0;         // a sum over k is cut into so many, and added in a second pass
  bool a_packed = false, b_packed = false, y_packed = false;

  // Results that are too few to fill a device are cut along k, where there is enough of it. By sizes alone, so that a sum has the same bits
  // everywhere.
  GemmShape(int64_t m_, int64_t n_, int64_t k_, int64_t matrices_) : m(int(m_)), n(int(n_)), k(int(k_)), matrices(int(matrices_)) {
    ITO_CHECK(std::max({m_, n_, k_}) < int64_t{1} << 31 && matrices_ <= 65535, "a product of ", m_, "x", k_, " and ", k_, "x", n_, " times ",
              matrices_, " has an extent that cuda kernels do not take");
    constexpr int64_t least_length = 512, usual_tile = 64, enough_tiles = 256, multiple = 32;
    const int64_t wanted =
        std::max<int64_t>(1, std::min(k_ / least_length, enough_tiles / std::max<int64_t>(1, tiles(usual_tile, usual_tile) * matrices_)));
    part_length = int(ceil_div(ceil_div(k_, wanted), multiple) * multiple);
    parts = int(std::max<int64_t>(1, ceil_div(k_, std::max(1, part_length))));
  }
  int64_t tiles(int rows, int cols) const { return ceil_div(m, rows) * ceil_div(n, cols); }
  // Whether tiles of that size are a block for each multiprocessor, and not mostly empty.
  bool fills_device(int rows, int cols) const { return m > rows / 2 && n > cols / 2 && tiles(rows, cols) * matrices * parts >= multiprocessors(); }
  static constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
};

// A dense matrix of a batch, either way round.
template <class T>
struct MatrixLayout {
  int outer, extent_k;
  int64_t outer_stride, k_stride, matrix_stride;  // one of the first two is 1
  IndexRun index;
  bool along_k;

  MatrixLayout(int64_t outer_extent, int64_t k, int64_t outer_stride_, int64_t k_stride_, int64_t matrix_stride_, const IndexRun& run)
      : outer(int(outer_extent)),
        extent_k(int(k)),
        outer_stride(outer_stride_),
        k_stride(k_stride_),
        matrix_stride(matrix_stride_),
        index(run),
        along_k(k_stride_ == 1) {}

  __device__ const T* address(const T* x, int z, int o, int k) const {
    return o < outer && k < extent_k ? x + index.at(z) * matrix_stride + o * outer_stride + k * k_stride : nullptr;
  }
  __device__ int depth(int) const { return extent_k; }
  bool packable(const T* x, int width) const {
    const int64_t length = along_k ? extent_k : outer, other_stride = along_k ? outer_stride : k_stride;
    return length % width == 0 && other_stride % width == 0 && matrix_stride % width == 0 && aligned_to(x, size_t(width) * sizeof(T));
  }
};

template <class T>
struct MatrixResult {
  int64_t row_stride, matrix_stride;
  int bias_stride = 0;  // from one z to the next
  __device__ T* row(T* y, int z, int r) const { return y + z * matrix_stride + r * row_stride; }
  __device__ int bias(int z) const { return z * bias_stride; }
  bool packable(const T* y, int width) const {
    return row_stride % width == 0 && matrix_stride % width == 0 && aligned_to(y, size_t(width) * sizeof(T));
  }
};

// Neighbouring results of one row: with the bias to y, or as sums of this part of k.
template <int width, class T, class Result>
__device__ __forceinline__ void write_results(const GemmShape& s, const Result& result, const Pack<accumulate_t<T>, width>& sum, int z, int row,
                                              int col, const T* bias, T* y, accumulate_t<T>* part_sums) {
  using A = accumulate_t<T>;
  if (row >= s.m || col >= s.n) return;
  if (s.parts > 1) {
    A* out = part_sums + ((int64_t(blockIdx.y) * s.matrices + z) * s.m + row) * s.n + col;
#pragma unroll
    for (int e = 0; e < width; ++e)
      if (col + e < s.n) out[e] = sum.element[e];
    return;
  }
  T* out = result.row(y, z, row);
  if (!out) return;
  if (bias) bias += result.bias(z) + col;
  Pack<T, width> values;
#pragma unroll
  for (int e = 0; e < width; ++e) values.element[e] = T(bias && col + e < s.n ? sum.element[e] + A(bias[e]) : sum.element[e]);
  if (s.y_packed) return store_pack(out + col, values);
#pragma unroll
  for (int e = 0; e < width; ++e)
    if (col + e < s.n) out[col + e] = values.element[e];
}

constexpr int sum_threads = 256;

// The second pass: a thread adds the parts of a result, in their order.
template <class T, class Result>
__global__ void __launch_bounds__(sum_threads) sum_parts(GemmShape s, Result result, const accumulate_t<T>* part_sums, const T* bias, T* y) {
  using A = accumulate_t<T>;
  const int64_t results = int64_t(s.matrices) * s.m * s.n, e = global_thread();
  if (e >= results) return;
  const int col = int(e % s.n), row = int(e / s.n % s.m), z = int(e / s.n / s.m);
  A sum = 0;
  for (int part = 0; part < s.parts; ++part) sum += part_sums[part * results + e];
  T* out = result.row(y, z, row);
  if (out) out[col] = T(bias ? sum + A(bias[result.bias(z) + col]) : sum);
}

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
