// The loop over tiles that matmul and convolutions share, for any layouts (layout_cuda.h) of A and B. A block makes one tile of C for one part of k.
//
//   register          each thread keeps a block of results, 8x8, in registers: 16 values from shared memory for 64 multiplications, 16 bytes a
//                     load. Limited by waiting: no one multiplies while a tile is on its way.
//   double_buffered   the next tile travels to registers while this one is multiplied, and goes to a second buffer: one barrier a tile instead
//                     of two. Limited by the multiplications, and by the few warps that so many registers leave room for.
//
// An engine multiplies staged tiles: RegisterTile here, tensor cores in tensor_cuda.h. A result is a sum over k in ascending order, whatever the
// tile.
#pragma once

#include <optional>

#include "kernels/gemm/layout_cuda.h"
#include "kernels/scratch.h"

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

// A thread's share of one operand's tile (extent x depth) between global and shared memory.
template <class T, int extent, int depth, int width, int threads>
struct Staged {
  static constexpr int count = extent * depth / (width * threads);
  static_assert(count * width * threads == extent * depth);
  Pack<T, width> pack[count];

  // Where in the tile the p-th pack begins. A warp reads whole stretches of memory either way; along k, eight neighbouring threads have eight lines,
  // which are in different banks when they store them.
  struct Place {
    int outer, k;
    __device__ __forceinline__ Place(bool along_k, int p) {
      constexpr int lines = 8, packs_of_line = depth / width, packs_of_k = extent / width;
      const int i = int(threadIdx.x) + p * threads;
      outer = along_k ? i / (lines * packs_of_line) * lines + i % lines : i % packs_of_k * width;
      k = along_k ? i / lines % packs_of_line * width : i / packs_of_k;
    }
  };

  template <bool always_packed, class Layout>
  __device__ __forceinline__ void load(const Layout& layout, bool packed, const T* x, int outer0, int k0, int k_end) {
#pragma unroll
    for (int p = 0; p < count; ++p) {
      const Place at(layout.along_k, p);
      const int outer = outer0 + at.outer, k = k0 + at.k;
      if (always_packed || packed) {
        const T* from = k < k_end ? layout.address(x, outer, k) : nullptr;
        pack[p] = from ? load_pack<T, width>(from) : Pack<T, width>{};
      } else {
        pack[p] = layout.template neighbours<width>(x, outer, k, k_end);
      }
    }
  }

  // Into tile[k][outer], as numbers to calculate with.
  template <class A, int stride>
  __device__ __forceinline__ void store(bool along_k, A (&tile)[depth][stride]) const {
#pragma unroll
    for (int p = 0; p < count; ++p) {
      const Place at(along_k, p);
      Pack<A, width> values;
#pragma unroll
      for (int e = 0; e < width; ++e) values.element[e] = A(pack[p].element[e]);
      if (along_k) {
#pragma unroll
        for (int e = 0; e < width; ++e) tile[at.k + e][at.outer] = values.element[e];
      } else {
        store_pack(&tile[at.k][at.outer], values);
      }
    }
  }

  // As they are, into lines of k (along_k) or of the outer index.
  template <bool along_k, int stride>
  __device__ __forceinline__ void store_lines(T* tile) const {
#pragma unroll
    for (int p = 0; p < count; ++p) {
      const Place at(along_k, p);
      store_pack(tile + (along_k ? at.outer * stride + at.k : at.k * stride + at.outer), pack[p]);
    }
  }
};

// A tile of rows x cols; each thread has thread_rows x thread_cols of its results, in groups of 16 bytes that are a row of threads apart, so that
// the threads of a warp read neighbours.
template <class T, int rows_, int cols_, int depth_, int thread_rows, int thread_cols>
struct RegisterTile {
  using Element = T;
  using A = accumulate_t<T>;
  static constexpr int rows = rows_, cols = cols_, depth = depth_, row_threads = rows / thread_rows, col_threads = cols / thread_cols;
  static constexpr int threads = row_threads * col_threads, blocks = 512 / threads;
  static constexpr int group = 16 / int(sizeof(A)), width = group;        // of results; of elements that are staged
  static constexpr bool always_packed = thread_rows * thread_cols >= 64;  // so many results leave no registers to collect elements one by one
  using StagedA = Staged<T, rows, depth, width, threads>;
  using StagedB = Staged<T, cols, depth, width, threads>;

  struct alignas(16) Shared {
    A a[depth][rows + group], b[depth][cols + group];  // a group more: a column of A is then in different banks when it is stored along k
  };

  A sum[thread_rows][thread_cols];

  __device__ __forceinline__ RegisterTile() {
#pragma unroll
    for (int i = 0; i < thread_rows; ++i)
#pragma unroll
      for (int j = 0; j < thread_cols; ++j) sum[i][j] = 0;
  }

  __device__ __forceinline__ static int row(int i) { return (i / group * row_threads + int(threadIdx.x) / col_threads) * group + i % group; }
  __device__ __forceinline__ static int col(int j) { return (j / group * col_threads + int(threadIdx.x) % col_threads) * group + j % group; }

  __device__ __forceinline__ static void store(const StagedA& a, bool a_along_k, const StagedB& b, bool b_along_k, Shared& tile) {
    a.store(a_along_k, tile.a);
    b.store(b_along_k, tile.b);
  }

  __device__ __forceinline__ void multiply(const Shared& tile) {
#pragma unroll
    for (int k = 0; k < depth; ++k) {
      Pack<A, group> a[thread_rows / group], b[thread_cols / group];
#pragma unroll
      for (int i = 0; i < thread_rows / group; ++i) a[i] = load_pack<A, group>(&tile.a[k][row(i * group)]);
#pragma unroll
      for (int j = 0; j < thread_cols / group; ++j) b[j] = load_pack<A, group>(&tile.b[k][col(j * group)]);
#pragma unroll
      for (int i = 0; i < thread_rows; ++i)
#pragma unroll
        for (int j = 0; j < thread_cols; ++j) sum[i][j] = std::fma(a[i / group].element[i % group], b[j / group].element[j % group], sum[i][j]);
    }
  }

  template <class Result>
  __device__ __forceinline__ void write(const GemmShape& s, const Result& result, int z, int row0, int col0, const T* bias, T* y,
                                        A* part_sums) const {
#pragma unroll
    for (int i = 0; i < thread_rows; ++i)
#pragma unroll
      for (int j = 0; j < thread_cols; j += group) {
        A values[group];
#pragma unroll
        for (int e = 0; e < group; ++e) values[e] = sum[i][j + e];
        write_results<group>(s, result, values, z, row0 + row(i), col0 + col(j), bias, y, part_sums);
      }
  }
};

// A block's tile of C[z], for its part [k_begin, k_end) of the sum.
// occupancy: >= 25 %
template <class Engine, int buffers, class LayoutA, class LayoutB, class Result, class T = typename Engine::Element>
__global__ void __launch_bounds__(Engine::threads, Engine::blocks)
    multiply_tiles(GemmShape s, LayoutA la, LayoutB lb, Result result, const T* a, const T* b, const T* bias, T* y, accumulate_t<T>* part_sums) {
  __shared__ typename Engine::Shared tile[buffers];
  const int tiles_n = (s.n + Engine::cols - 1) / Engine::cols, z = int(blockIdx.z);
  const int row0 = int(blockIdx.x) / tiles_n * Engine::rows, col0 = int(blockIdx.x) % tiles_n * Engine::cols;
  const int k_begin = int(blockIdx.y) * s.part_length, k_end = std::min(s.k, k_begin + s.part_length);
  const T *a_matrix = la.matrix(a, z), *b_matrix = lb.matrix(b, z);
  Engine engine;
  typename Engine::StagedA a_staged;
  typename Engine::StagedB b_staged;
  const auto load = [&](int k) {
    a_staged.template load<Engine::always_packed>(la, s.a_packed, a_matrix, row0, k, k_end);
    b_staged.template load<Engine::always_packed>(lb, s.b_packed, b_matrix, col0, k, k_end);
  };
  const auto store = [&](typename Engine::Shared& to) { Engine::store(a_staged, la.along_k, b_staged, lb.along_k, to); };
  if constexpr (buffers == 1) {
    for (int k = k_begin; k < k_end; k += Engine::depth) {
      load(k);
      store(tile[0]);
      __syncthreads();
      engine.multiply(tile[0]);
      __syncthreads();
    }
  } else {
    load(k_begin);
    store(tile[0]);
    for (int k = k_begin + Engine::depth, current = 0;; k += Engine::depth, current ^= 1) {
      __syncthreads();  // this tile is complete, and all are done with the other
      if (k < k_end) load(k);
      engine.multiply(tile[current]);
      if (k >= k_end) break;
      store(tile[current ^ 1]);
    }
  }
  engine.write(s, result, z, row0, col0, bias, y, part_sums);
}

template <class Engine, int buffers, class LayoutA, class LayoutB, class Result, class T>
void launch_tiles(GemmShape s, const LayoutA& la, const LayoutB& lb, const Result& result, const T* a, const T* b, const T* bias, T* y) {
  s.a_packed = la.packable(a, Engine::width);
  s.b_packed = lb.packable(b, Engine::width);
  s.y_packed = s.n % Engine::group == 0 && result.packable(y, Engine::group);
  using A = accumulate_t<T>;
  const int64_t results = int64_t(s.matrices) * s.m * s.n;
  std::optional<Scratch<A, Device::cuda>> part_sums;
  if (s.parts > 1) part_sums.emplace(s.parts * results);
  A* sums = part_sums ? part_sums->data() : nullptr;
  launch(&multiply_tiles<Engine, buffers, LayoutA, LayoutB, Result>,
         {{unsigned(s.tiles(Engine::rows, Engine::cols)), unsigned(s.parts), unsigned(s.matrices)}, Engine::threads}, s, la, lb, result, a, b, bias,
         y, sums);
  if (s.parts > 1) launch(&sum_parts<T, Result>, {unsigned((results + sum_threads - 1) / sum_threads), sum_threads}, s, result, sums, bias, y);
}

// Multiplies with the largest tile that gives every multiprocessor one, and that is not mostly empty.
template <int buffers, int largest = 128>
struct WithRegisters {
  template <class T, class LayoutA, class LayoutB, class Result>
  void operator()(const GemmShape& s, const LayoutA& la, const LayoutB& lb, const Result& result, const T* a, const T* b, const T* bias, T* y) const {
    if (s.m == 0 || s.n == 0) return;
    const auto run = [&]<class Engine>() { launch_tiles<Engine, buffers>(s, la, lb, result, a, b, bias, y); };
    if constexpr (largest == 128 && sizeof(T) < 8) {
      using Tile = RegisterTile<T, 128, 128, 8, 8, 8>;
      if (s.fills_device(128, 128) && la.packable(a, Tile::width) && lb.packable(b, Tile::width)) return run.template operator()<Tile>();
    }
    if (s.fills_device(64, 64)) return run.template operator()<RegisterTile<T, 64, 64, 8, sizeof(T) < 8 ? 8 : 4, 4>>();
    run.template operator()<RegisterTile<T, 32, 32, sizeof(T) < 8 ? 8 : 4, 4, 4>>();
  }
};

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
