// The way back without the score matrix in memory (Dao 2023, algorithm 2), in a fixed order: no atomics.
//
// 2. flash    p = exp(s - lse) is worked out again, tile by tile, twice: a block that has a tile of queries walks over the keys and sums dq, a block
//             that has a tile of keys walks over the queries and sums dk and dv. So each sum has one owner, at the price of two more of seven
//             products than with atomics. Memory is proportional to the tokens. Limited by the multiply-adds, and by registers: two sums of a
//             thread's rows, and two products on the way there.
#include "kernels/attention/naive.h"
#include "kernels/attention/tiles.h"
#include "tensor/memory.h"

namespace ito::kernels {

namespace {

constexpr int delta_threads = 256;

// A warp a row: delta[row] = sum_c dy y.
// occupancy: >= 75 %
template <class T, class A = accumulate_t<T>>
__global__ void __launch_bounds__(delta_threads)
    attention_deltas(const T* __restrict__ y, const T* __restrict__ dy, A* __restrict__ delta, AttentionHeads<A> a, int64_t rows) {
  const int64_t row = global_thread() / warpSize;
  if (row >= rows) return;  // whole warps leave
  const int64_t at = a.result(row / a.queries, row % a.queries);
  const int lane = int(threadIdx.x) % warpSize;
  A sum = 0;
  for (int64_t c = lane; c < a.head_channels; c += warpSize) sum += A(dy[at + c]) * A(y[at + c]);
#pragma unroll
  for (int bit = warpSize / 2; bit > 0; bit /= 2) sum += __shfl_xor_sync(full_warp, sum, bit);
  if (lane == 0) delta[row] = sum;
}

// For head channels up to D: a thread has M rows of the block's own tile, and N columns of a tile that it walks over.
template <class A, int D>
struct Sizes {
  static constexpr int M = (sizeof(A) == 8 ? 2 : 4) / (D > 128 ? 2 : 1), N = 2;
  static constexpr int own = tile_side * M, walked = tile_side * N, chunk = TileChannels<A, D>::chunk;
  static constexpr int own_stride = tile_stride<A>(D), walked_stride = tile_stride<A>(chunk), p_stride = tile_stride<A>(walked);
  static constexpr size_t bytes = 2 * sizeof(A) * (own * own_stride + walked * walked_stride + own * p_stride);
};

// With by_key the block has keys (k, v) and walks over queries (q, dy): d1 is dk, d2 is dv. Else it has queries (q, dy) and walks over keys (k, v):
// d1 is dq.
// occupancy: >= 12 %, 117760 bytes of dynamic shared memory
template <bool by_key, class T, int D, class A = accumulate_t<T>>
__global__ void __launch_bounds__(tile_threads, 1)
    attention_flash_backward(const T* __restrict__ own1, const T* __restrict__ own2, const T* __restrict__ walked1, const T* __restrict__ walked2,
                             const T* __restrict__ mask, const A* __restrict__ lse, const A* __restrict__ delta, T* __restrict__ d1,
                             T* __restrict__ d2, AttentionHeads<A> a, int64_t tiles, bool aligned) {
  using S = Sizes<A, D>;
  constexpr int M = S::M, N = S::N, chunk = S::chunk;
  A *own1_tile = dynamic_shared<A>(), *own2_tile = own1_tile + S::own * S::own_stride, *walked1_tile = own2_tile + S::own * S::own_stride,
    *walked2_tile = walked1_tile + S::walked * S::walked_stride, *p_tile = walked2_tile + S::walked * S::walked_stride,
    *ds_tile = p_tile + S::own * S::p_stride;
  const int64_t head = blockIdx.x / tiles, first_own = blockIdx.x % tiles * S::own;
  const int64_t own_tokens = by_key ? a.keys : a.queries, walked_tokens = by_key ? a.queries : a.keys;
  const int own = int(std::min<int64_t>(S::own, own_tokens - first_own)), d = int(a.head_channels);
  const T* head_mask = a.mask_of(mask, head);
  const bool has_rows = tile_y() * M < own;
  const int64_t own_at = by_key ? a.key(head, first_own) : a.query(head, first_own);
  load_tile<D>(own1_tile, own1 + own_at, a.token_stride, own, round_up(own, M), d, aligned);
  load_tile<D>(own2_tile, own2 + (by_key ? own_at : a.result(head, first_own)), by_key ? a.token_stride : a.channels, own, round_up(own, M), d,
               aligned);

  A sum1[M][D / tile_side] = {}, sum2[by_key ? M : 1][D / tile_side] = {};
  // Causal: a key is seen by the queries from its own on, a query sees the keys up to its own.
  const int64_t begin = by_key && a.causal ? first_own / S::walked * S::walked : 0;
  const int64_t end = !by_key && a.causal ? std::min<int64_t>(a.keys, first_own + own) : walked_tokens;
  for (int64_t first = begin; first < end; first += S::walked) {
    const int walked = int(std::min<int64_t>(S::walked, walked_tokens - first));
    const int64_t walked1_at = by_key ? a.query(head, first) : a.key(head, first), walked2_at = by_key ? a.result(head, first) : walked1_at;
    const auto load_walked = [&](int c, int channels) {
      __syncthreads();
      load_tile<chunk>(walked1_tile, walked1 + walked1_at + c, a.token_stride, walked, round_up(walked, tile_side), channels, aligned);
      load_tile<chunk>(walked2_tile, walked2 + walked2_at + c, by_key ? a.channels : a.token_stride, walked, round_up(walked, tile_side), channels,
                       aligned);
      __syncthreads();
    };
    A p[M][N] = {}, ds[M][N] = {};
#pragma unroll
    for (int c = 0; c < D; c += chunk) {
      if (c >= d) break;
      const int channels = std::min(chunk, d - c);
      load_walked(c, channels);
      if (!has_rows) continue;
      multiply_transposed(p, own1_tile + c, S::own_stride, walked1_tile, S::walked_stride, channels, walked);
      multiply_transposed(ds, own2_tile + c, S::own_stride, walked2_tile, S::walked_stride, channels, walked);
    }
#pragma unroll
    for (int i = 0; i < M; ++i)
#pragma unroll
      for (int j = 0; j < N; ++j) {
        const int row = tile_y() * M + i, column = tile_x() + tile_side * j;
        const int64_t t = by_key ? first + column : first_own + row, s = by_key ? first_own + row : first + column;
        if (t < a.queries && s < a.keys) {
          const int64_t query = head * a.queries + t;
          p[i][j] = std::exp(a.score(p[i][j], head_mask, t, s) - lse[query]);
          ds[i][j] = a.scale * p[i][j] * (ds[i][j] - delta[query]);
        } else {
          p[i][j] = ds[i][j] = 0;
        }
      }
#pragma unroll
    for (int i = 0; i < M; ++i)
#pragma unroll
      for (int j = 0; j < N; ++j) {
        const int at = (tile_y() * M + i) * S::p_stride + tile_x() + tile_side * j;
        if (by_key) p_tile[at] = p[i][j];
        ds_tile[at] = ds[i][j];
      }
    __syncthreads();
#pragma unroll
    for (int c = 0; c < D; c += chunk) {
      if (c >= d) break;
      const int channels = std::min(chunk, d - c);
      if (S::chunk < D) load_walked(c, channels);  // else it is still there
      if (!has_rows) continue;
      multiply_values<D>(sum1, c / tile_side, ds_tile, S::p_stride, walked1_tile, walked, channels);
      if constexpr (by_key) multiply_values<D>(sum2, c / tile_side, p_tile, S::p_stride, walked2_tile, walked, channels);
    }
  }

  A ones[M];
#pragma unroll
  for (A& one : ones) one = 1;
  store_rows<D>(sum1, ones, d1 + own_at, a.token_stride, own, d, aligned);
  if constexpr (by_key) store_rows<D>(sum2, ones, d2 + own_at, a.token_stride, own, d, aligned);
}

template <int D, class T, class A>
void launch_flash_backward(const T* q, const T* k, const T* v, const T* mask, const A* lse, const A* delta, const T* dy, T* dq, T* dk, T* dv,
                           const AttentionShape& shape) {
  using S = Sizes<A, D>;
  const AttentionHeads<A> a(shape);
  const bool aligned = heads_aligned<T>(shape, {q, k, v, dy, dq, dk, dv});
  const auto blocks_of = [&](int64_t tiles) {
    const int64_t blocks = shape.batch * shape.heads * tiles;
    ITO_CHECK(blocks <= 0x7fffffff, "[attention] ", shape.batch, " images of ", shape.heads, " heads: too many for a launch");
    return unsigned(blocks);
  };
  const int64_t query_tiles = (shape.queries + S::own - 1) / S::own, key_tiles = (shape.keys + S::own - 1) / S::own;
  allow_shared_bytes(&attention_flash_backward<false, T, D>, S::bytes);
  allow_shared_bytes(&attention_flash_backward<true, T, D>, S::bytes);
  launch(&attention_flash_backward<false, T, D>, {blocks_of(query_tiles), tile_threads, S::bytes}, q, dy, k, v, mask, lse, delta, dq,
         static_cast<T*>(nullptr), a, query_tiles, aligned);
  launch(&attention_flash_backward<true, T, D>, {blocks_of(key_tiles), tile_threads, S::bytes}, k, v, q, dy, mask, lse, delta, dk, dv, a, key_tiles,
         aligned);
}

template <class T>
void backward_flash(const T* q, const T* k, const T* v, const T* mask, const T* y, const accumulate_t<T>* lse, const T* dy, T* dq, T* dk, T* dv,
                    const AttentionShape& shape) {
  using A = accumulate_t<T>;
  const int64_t d = shape.head_channels(), rows = shape.batch * shape.heads * shape.queries;
  if (d > 256 || rows * shape.keys * d == 0) return attention_backward_naive(q, k, v, mask, y, lse, dy, dq, dk, dv, shape);
  const Storage scratch(size_t(rows) * sizeof(A), Device::cuda);
  A* delta = reinterpret_cast<A*>(scratch.data());
  launch(&attention_deltas<T>, {unsigned((rows * warpSize + delta_threads - 1) / delta_threads), delta_threads}, y, dy, delta,
         AttentionHeads<A>(shape), rows);
  if (d <= 32) return launch_flash_backward<32>(q, k, v, mask, lse, delta, dy, dq, dk, dv, shape);
  if (d <= 64) return launch_flash_backward<64>(q, k, v, mask, lse, delta, dy, dq, dk, dv, shape);
  if (d <= 128) return launch_flash_backward<128>(q, k, v, mask, lse, delta, dy, dq, dk, dv, shape);
  launch_flash_backward<256>(q, k, v, mask, lse, delta, dy, dq, dk, dv, shape);
}

}  // namespace

ITO_REGISTER_KERNEL(AttentionBackward, Device::cuda, "flash", backward_flash, float, double, bfloat16);

}  // namespace ito::kernels
