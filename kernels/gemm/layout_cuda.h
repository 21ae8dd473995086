// What the tile loops (tile_cuda.h) multiply:  C[z] (m, n) = A[z] (m, k) B[z] (k, n) + bias,  z a matrix of a batch or a group of channels.
//
// A layout says where an operand's elements are. The outer index is a row of A or a column of B:
//   matrix(x, z)              where operand z begins
//   address(x_z, outer, k)    null where there is no such outer index, or where the element is zero; k is below the shape's
//   along_k                   whether neighbours in memory are neighbours along k, else along the outer index
//   neighbours<width>(...)    `width` of these, one by one
//   packable(x, width)        whether `width` of them, from a multiple of `width` on, lie together, aligned, and exist all or none (asked on the
//   host)
// A result says where C goes: row(y, z, row), bias(z), the first column's place in the bias, and packable().
#pragma once

#include "kernels/cuda/cuda.h"
#include "kernels/matmul/batch.h"

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

struct GemmShape {
  int m = 0, n = 0, k = 0, matrices = 1;
  int parts = 1, part_length = 0;  // a sum over k is cut into so many, and added in a second pass
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

// Neighbours that lie together, as many as are there, then zeros.
template <int width, class T>
__device__ __forceinline__ Pack<T, width> read_neighbours(const T* from, int there) {
  Pack<T, width> pack;
#pragma unroll
  for (int e = 0; e < width; ++e) pack.element[e] = e < there ? from[e] : T(0.0F);
  return pack;
}

// A dense matrix of a batch, rows of k (along_k) or rows of the outer index, `stride` apart. AlongK is std::true_type or std::false_type where it is
// known beforehand.
template <class T, class AlongK = bool>
struct MatrixLayout {
  AlongK along_k;
  int outer, extent_k, stride;
  int64_t matrix_stride;
  IndexRun index;

  MatrixLayout(AlongK along, int64_t outer_extent, int64_t k, int64_t row_stride, int64_t matrix_stride_, const IndexRun& run)
      : along_k(along), outer(int(outer_extent)), extent_k(int(k)), stride(int(row_stride)), matrix_stride(matrix_stride_), index(run) {}

  __device__ const T* matrix(const T* x, int z) const { return x + index.at(z) * matrix_stride; }
  __device__ const T* address(const T* x, int o, int k) const {
    const int row = along_k ? o : k, col = along_k ? k : o;
    return o < outer ? x + int64_t(row) * stride + col : nullptr;
  }
  template <int width>
  __device__ Pack<T, width> neighbours(const T* x, int o, int k, int k_end) const {
    const T* from = k < k_end ? address(x, o, k) : nullptr;
    return read_neighbours<width>(from, !from ? 0 : along_k ? k_end - k : outer - o);
  }
  bool packable(const T* x, int width) const {
    return (along_k ? extent_k : outer) % width == 0 && stride % width == 0 && matrix_stride % width == 0 && aligned_to(x, size_t(width) * sizeof(T));
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
__device__ __forceinline__ void write_results(const GemmShape& s, const Result& result, const accumulate_t<T> (&sum)[width], int z, int row, int col,
                                              const T* bias, T* y, accumulate_t<T>* part_sums) {
  using A = accumulate_t<T>;
  if (row >= s.m || col >= s.n) return;
  if (s.parts > 1) {
    A* out = part_sums + ((int64_t(blockIdx.y) * s.matrices + z) * s.m + row) * s.n + col;
#pragma unroll
    for (int e = 0; e < width; ++e)
      if (col + e < s.n) out[e] = sum[e];
    return;
  }
  T* out = result.row(y, z, row);
  if (bias) bias += result.bias(z) + col;
  Pack<T, width> values;
#pragma unroll
  for (int e = 0; e < width; ++e) values.element[e] = T(bias && col + e < s.n ? sum[e] + A(bias[e]) : sum[e]);
  if (s.y_packed) return store_pack(out + col, values);
#pragma unroll
  for (int e = 0; e < width; ++e)
    if (col + e < s.n) out[col + e] = values.element[e];
}

constexpr int sum_threads = 256;

// The second pass: a thread adds the parts of a result, in their order.
// occupancy: >= 75 %
template <class T, class Result>
__global__ void __launch_bounds__(sum_threads) sum_parts(GemmShape s, Result result, const accumulate_t<T>* part_sums, const T* bias, T* y) {
  using A = accumulate_t<T>;
  const int64_t results = int64_t(s.matrices) * s.m * s.n, e = global_thread();
  if (e >= results) return;
  const int col = int(e % s.n), row = int(e / s.n % s.m), z = int(e / s.n / s.m);
  A sum = 0;
  for (int part = 0; part < s.parts; ++part) sum += part_sums[part * results + e];
  result.row(y, z, row)[col] = T(bias ? sum + A(bias[result.bias(z) + col]) : sum);
}

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
