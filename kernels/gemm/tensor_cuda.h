// Tensor cores for the tile loop (tile_cuda.h): bf16 products of 16x16x16, summed in f32.
//
//   tensor    a warp makes 64x32 results of a block's 128x128 (32x32 of 64x64) in fragments that its lanes hold together, and one instruction
//             multiplies two of them: 8 to 16 times the multiplications a second. Limited by shared memory, which feeds them.
#pragma once

#include "kernels/gemm/tile_cuda.h"

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

// The operands stay as they are in memory, along k or along the outer index: fragments may be loaded either way.
template <int rows_, int cols_, int warp_rows, int warp_cols, bool a_along_k, bool b_along_k>
struct TensorTile {
  using Element = bfloat16;
  using A = float;
  static constexpr int rows = rows_, cols = cols_, depth = 16, side = 16, row_warps = rows / warp_rows, col_warps = cols / warp_cols;
  static constexpr int threads = row_warps * col_warps * 32, blocks = 512 / threads;
  static constexpr int group = 8, width = group;  // 16 bytes, of results and of elements that are staged
  static constexpr bool always_packed = rows * cols >= 128 * 128;
  static constexpr int fragments_a = warp_rows / side, fragments_b = warp_cols / side;
  using StagedA = Staged<bfloat16, rows, depth, width, threads>;
  using StagedB = Staged<bfloat16, cols, depth, width, threads>;

  // Lines are 16 bytes longer than what they hold, so that the lines of a fragment are in different banks.
  static constexpr int a_line = (a_along_k ? depth : rows) + 8, b_line = (b_along_k ? depth : cols) + 8;
  struct alignas(32) Shared {
    __nv_bfloat16 a[(a_along_k ? rows : depth) * a_line], b[(b_along_k ? cols : depth) * b_line];
  };

  using ALayout = std::conditional_t<a_along_k, nvcuda::wmma::row_major, nvcuda::wmma::col_major>;
  using BLayout = std::conditional_t<b_along_k, nvcuda::wmma::col_major, nvcuda::wmma::row_major>;
  using FragmentA = nvcuda::wmma::fragment<nvcuda::wmma::matrix_a, side, side, side, __nv_bfloat16, ALayout>;
  using FragmentB = nvcuda::wmma::fragment<nvcuda::wmma::matrix_b, side, side, side, __nv_bfloat16, BLayout>;
  nvcuda::wmma::fragment<nvcuda::wmma::accumulator, side, side, side, float> sum[fragments_a][fragments_b];

  __device__ __forceinline__ TensorTile() {
#pragma unroll
    for (int i = 0; i < fragments_a; ++i)
#pragma unroll
      for (int j = 0; j < fragments_b; ++j) nvcuda::wmma::fill_fragment(sum[i][j], 0.0F);
  }

  // Where this warp's results begin in the tile.
  __device__ __forceinline__ static int row() { return int(threadIdx.x) / 32 / col_warps * warp_rows; }
  __device__ __forceinline__ static int col() { return int(threadIdx.x) / 32 % col_warps * warp_cols; }

  __device__ __forceinline__ static void store(const StagedA& a, bool, const StagedB& b, bool, Shared& tile) {
    a.template store_lines<a_along_k, a_line>(reinterpret_cast<bfloat16*>(tile.a));
    b.template store_lines<b_along_k, b_line>(reinterpret_cast<bfloat16*>(tile.b));
  }

  __device__ __forceinline__ void multiply(const Shared& tile) {
#pragma unroll
    for (int k = 0; k < depth; k += side) {
      FragmentB b[fragments_b];
#pragma unroll
      for (int j = 0; j < fragments_b; ++j) {
        const int outer = col() + j * side;
        nvcuda::wmma::load_matrix_sync(b[j], tile.b + (b_along_k ? outer * b_line + k : k * b_line + outer), b_line);
      }
#pragma unroll
      for (int i = 0; i < fragments_a; ++i) {
        const int outer = row() + i * side;
        FragmentA a;
        nvcuda::wmma::load_matrix_sync(a, tile.a + (a_along_k ? outer * a_line + k : k * a_line + outer), a_line);
#pragma unroll
        for (int j = 0; j < fragments_b; ++j) nvcuda::wmma::mma_sync(sum[i][j], a, b[j], sum[i][j]);
      }
    }
  }

  // Which lane holds which element is not known: a fragment goes through shared memory, then each lane takes half a row. Lines of 20 floats keep
  // eight of them in different banks.
  template <class Result>
  __device__ __forceinline__ void write(const GemmShape& s, const Result& result, int z, int row0, int col0, const bfloat16* bias, bfloat16* y,
                                        float* part_sums) const {
    constexpr int line = side + 4;
    alignas(32) __shared__ float fragment[threads / 32][side * line];
    float* own = fragment[threadIdx.x / 32];
    const int lane_row = int(threadIdx.x) % side, lane_col = int(threadIdx.x) % 32 / side * group;
#pragma unroll
    for (int i = 0; i < fragments_a; ++i)
#pragma unroll
      for (int j = 0; j < fragments_b; ++j) {
        nvcuda::wmma::store_matrix_sync(own, sum[i][j], line, nvcuda::wmma::mem_row_major);
        __syncwarp();
        float values[group];
#pragma unroll
        for (int e = 0; e < group; e += 4) {
          const Pack<float, 4> four = load_pack<float, 4>(own + lane_row * line + lane_col + e);
#pragma unroll
          for (int f = 0; f < 4; ++f) values[e + f] = four.element[f];
        }
        __syncwarp();
        write_results<group>(s, result, values, z, row0 + row() + i * side + lane_row, col0 + col() + j * side + lane_col, bias, y, part_sums);
      }
  }
};

// Multiplies bf16 by tensor cores. The ways of A and B are those of their layouts.
template <bool a_along_k, bool b_along_k>
struct WithTensorCores {
  template <class LayoutA, class LayoutB, class Result>
  void operator()(const GemmShape& s, const LayoutA& la, const LayoutB& lb, const Result& result, const bfloat16* a, const bfloat16* b,
                  const bfloat16* bias, bfloat16* y) const {
    if (s.m == 0 || s.n == 0) return;
    using Large = TensorTile<128, 128, 64, 32, a_along_k, b_along_k>;
    using Small = TensorTile<64, 64, 32, 32, a_along_k, b_along_k>;
    if (s.fills_device(128, 128) && la.packable(a, Large::width) && lb.packable(b, Large::width))
      launch_tiles<Large, 2>(s, la, lb, result, a, b, bias, y);
    else
      launch_tiles<Small, 2>(s, la, lb, result, a, b, bias, y);
  }
};

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
