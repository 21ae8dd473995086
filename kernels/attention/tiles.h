// Tiles of attention: rows of tokens in shared memory, and their products in the registers of 16 x 16 threads.
//
// Thread (x, y) has rows y M, y M + 1, ... of a product and its columns x, x + 16, ... A warp is two y: what it reads of rows are two addresses, and
// what it reads of columns lies in all banks, as the tiles' rows are one pack longer than they need be.
#pragma once

#include "kernels/cuda/cuda.h"

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

constexpr int tile_side = 16, tile_threads = tile_side * tile_side;

// Elements of a pack of 16 bytes.
template <class A>
constexpr int tile_pack = 16 / int(sizeof(A));

// The distance of the rows of a tile with that many columns.
template <class A>
constexpr int tile_stride(int columns) {
  return columns + tile_pack<A>;
}

__device__ __forceinline__ int tile_x() { return int(threadIdx.x) % tile_side; }
__device__ __forceinline__ int tile_y() { return int(threadIdx.x) / tile_side; }

// The next multiple of `unit`: products read whole packs of tokens and channels, and what is past the end must be 0 there.
__device__ __forceinline__ int round_up(int n, int unit) { return (n + unit - 1) / unit * unit; }

// `rows` tokens, `token_stride` apart in memory, become the rows of a tile, and zeros the next ones up to `filled`. Of each the first `channels` are
// taken, at most `columns`, and zeros to the end of a pack. With `aligned`, channels are a multiple of a pack and each begins at a multiple of its
// size.
template <int columns, class A, class T>
__device__ __forceinline__ void load_tile(A* tile, const T* from, int64_t token_stride, int rows, int filled, int channels, bool aligned) {
  constexpr int W = tile_pack<A>, packs = columns / W;
  for (int i = int(threadIdx.x); i < filled * packs; i += tile_threads) {
    const int row = i / packs, c = i % packs * W;
    if (c >= channels) continue;
    Pack<A, W> out{};
    const T* in = from + row * token_stride + c;
    if (row < rows && aligned) {
      const Pack<T, W> pack = load_pack<T, W>(in);
#pragma unroll
      for (int w = 0; w < W; ++w) out.element[w] = A(pack.element[w]);
    } else if (row < rows) {
#pragma unroll
      for (int w = 0; w < W; ++w)
        if (c + w < channels) out.element[w] = A(in[w]);
    }
    store_pack<A, W>(tile + row * tile_stride<A>(columns) + c, out);
  }
}

// product[i][j] += sum_c a[y M + i][c] b[x + 16 j][c]   over c < channels; a's rows start at a multiple of a pack
template <int M, int N, class A>
__device__ __forceinline__ void multiply_transposed(A (&product)[M][N], const A* a, int a_stride, const A* b, int b_stride, int channels,
                                                    int columns) {
  constexpr int W = tile_pack<A>;
  for (int c = 0; c < channels; c += W) {
    Pack<A, W> rows[M];
#pragma unroll
    for (int i = 0; i < M; ++i) rows[i] = load_pack<A, W>(a + (tile_y() * M + i) * a_stride + c);
#pragma unroll
    for (int j = 0; j < N; ++j) {
      if (tile_side * j >= columns) continue;
      const Pack<A, W> column = load_pack<A, W>(b + (tile_x() + tile_side * j) * b_stride + c);
#pragma unroll
      for (int i = 0; i < M; ++i)
#pragma unroll
        for (int w = 0; w < W; ++w) product[i][j] += rows[i].element[w] * column.element[w];
    }
  }
}

// How a thread's D / 16 channels of an output lie: in packs of G, pack g at channel (16 g + x) G of each `chunk` of D.
template <class A, int D>
struct TileChannels {
  static constexpr int chunk = D < 64 ? D : 64, G = std::min(tile_pack<A>, chunk / tile_side), groups = chunk / tile_side / G;
  static constexpr int chunks = D / chunk, count = D / tile_side;
  __device__ static int channel(int group) { return (tile_side * group + tile_x()) * G; }
};

// sum[i][...] += sum_s p[y M + i][s] values[s][...]   over s < tokens, for the chunk of this thread's channels that starts at sum[i][first]
template <int D, int M, int count, class A>
__device__ __forceinline__ void multiply_values(A (&sum)[M][count], int first, const A* p, int p_stride, const A* values, int tokens, int channels) {
  using C = TileChannels<A, D>;
  constexpr int W = tile_pack<A>;
  for (int s = 0; s < tokens; s += W) {
    Pack<A, W> weights[M];
#pragma unroll
    for (int i = 0; i < M; ++i) weights[i] = load_pack<A, W>(p + (tile_y() * M + i) * p_stride + s);
#pragma unroll
    for (int g = 0; g < C::groups; ++g) {
      if (C::channel(g) >= channels) continue;
#pragma unroll
      for (int w = 0; w < W; ++w) {
        const Pack<A, C::G> value = load_pack<A, C::G>(values + (s + w) * tile_stride<A>(C::chunk) + C::channel(g));
#pragma unroll
        for (int i = 0; i < M; ++i)
#pragma unroll
          for (int e = 0; e < C::G; ++e) sum[i][first + g * C::G + e] += weights[i].element[w] * value.element[e];
      }
    }
  }
}

// This thread's channels of `rows` tokens to memory, times factor[i].
template <int D, int M, int count, class A, class T>
__device__ __forceinline__ void store_rows(const A (&sum)[M][count], const A (&factor)[M], T* to, int64_t token_stride, int rows, int channels,
                                           bool aligned) {
  using C = TileChannels<A, D>;
#pragma unroll
  for (int i = 0; i < M; ++i) {
    const int row = tile_y() * M + i;
#pragma unroll
    for (int g = 0; g < C::groups * C::chunks; ++g) {
      const int c = g / C::groups * C::chunk + C::channel(g % C::groups);
      if (row >= rows || c >= channels) continue;
      Pack<T, C::G> out;
#pragma unroll
      for (int e = 0; e < C::G; ++e) out.element[e] = T(factor[i] * sum[i][g * C::G + e]);
      T* at = to + row * token_stride + c;
      if (aligned)
        store_pack<T, C::G>(at, out);
      else
#pragma unroll
        for (int e = 0; e < C::G; ++e)
          if (c + e < channels) at[e] = out.element[e];
    }
  }
}

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
