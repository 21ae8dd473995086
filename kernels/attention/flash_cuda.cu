// Attention without the score matrix in memory (Dao et al. 2022, algorithm 1; Dao 2023, algorithm 1). flash_backward_cuda.cu has the way back.
//
// 2. flash    a block has a tile of queries and walks over tiles of keys in shared memory. Of each row it keeps the largest score m so far, l = sum
//             exp(s - m), and O = sum exp(s - m) v; where m grows, l and O are multiplied by exp(m_old - m_new). In the end y = O / l. Memory is
//             proportional to the tokens, not to their square, and each key is read once for a whole tile of queries. Limited by the multiply-adds of
//             the ordinary cores, which shared memory can just feed: 16 products for 8 values loaded.
#include "kernels/attention/naive.h"
#include "kernels/attention/tiles.h"

namespace ito::kernels {

namespace {

// For head channels up to D.
template <class A, int D>
struct Sizes {
  static constexpr int M = sizeof(A) == 8 ? 2 : 4;  // rows of a thread, and scores in each
  static constexpr int tile = tile_side * M, chunk = TileChannels<A, D>::chunk;
  static constexpr int q_stride = tile_stride<A>(D), kv_stride = tile_stride<A>(chunk), p_stride = tile_stride<A>(tile);
  static constexpr size_t bytes = sizeof(A) * tile * (q_stride + kv_stride + p_stride);
};

// occupancy: >= 12 %, 101376 bytes of dynamic shared memory
template <class T, int D, class A = accumulate_t<T>>
__global__ void __launch_bounds__(tile_threads, 1)
    attention_flash(const T* __restrict__ q, const T* __restrict__ k, const T* __restrict__ v, const T* __restrict__ mask, T* __restrict__ y,
                    A* __restrict__ lse, AttentionHeads<A> a, int64_t query_tiles, bool aligned) {
  using S = Sizes<A, D>;
  constexpr int M = S::M, chunk = S::chunk, W = tile_pack<A>;
  A *q_tile = dynamic_shared<A>(), *kv_tile = q_tile + S::tile * S::q_stride, *p_tile = kv_tile + S::tile * S::kv_stride;
  const int64_t head = blockIdx.x / query_tiles, first_query = blockIdx.x % query_tiles * S::tile;
  const int rows = int(std::min<int64_t>(S::tile, a.queries - first_query)), d = int(a.head_channels);
  const T* head_mask = a.mask_of(mask, head);
  const bool has_rows = tile_y() * M < rows;  // the products of others would be thrown away
  load_tile<D>(q_tile, q + a.query(head, first_query), a.token_stride, rows, round_up(rows, M), d, aligned);

  A out[M][D / tile_side] = {}, top[M], sum[M];
#pragma unroll
  for (int i = 0; i < M; ++i) top[i] = A(-INFINITY), sum[i] = 0;
  const int64_t end = a.causal ? std::min<int64_t>(a.keys, first_query + rows) : a.keys;
  for (int64_t first_key = 0; first_key < end; first_key += S::tile) {
    const int keys = int(std::min<int64_t>(S::tile, a.keys - first_key));
    A p[M][M] = {};
#pragma unroll
    for (int c = 0; c < D; c += chunk) {
      if (c >= d) break;
      const int channels = std::min(chunk, d - c);
      __syncthreads();
      load_tile<chunk>(kv_tile, k + a.key(head, first_key) + c, a.token_stride, keys, round_up(keys, tile_side), channels, aligned);
      __syncthreads();
      if (has_rows) multiply_transposed(p, q_tile + c, S::q_stride, kv_tile, S::kv_stride, channels, keys);
    }
#pragma unroll
    for (int i = 0; i < M; ++i) {
      const int64_t t = first_query + tile_y() * M + i;
      A largest = top[i];
#pragma unroll
      for (int j = 0; j < M; ++j) {
        const int64_t s = first_key + tile_x() + tile_side * j;
        p[i][j] = t < a.queries && s < a.keys ? a.score(p[i][j], head_mask, t, s) : A(-INFINITY);
        largest = std::max(largest, p[i][j]);
      }
#pragma unroll
      for (int bit = 1; bit < tile_side; bit *= 2) largest = std::max(largest, __shfl_xor_sync(full_warp, largest, bit, tile_side));
      const A base = largest == A(-INFINITY) ? A(0) : largest;  // nothing seen so far: exp(-inf - 0) = 0
      const A rescale = std::exp(top[i] - base);
      top[i] = largest;
      sum[i] *= rescale;  // the part of this thread's columns
#pragma unroll
      for (int j = 0; j < M; ++j) {
        const A weight = std::exp(p[i][j] - base);
        sum[i] += weight;
        p_tile[(tile_y() * M + i) * S::p_stride + tile_x() + tile_side * j] = weight;
      }
#pragma unroll
      for (A& channel : out[i]) channel *= rescale;
    }
#pragma unroll
    for (int c = 0; c < D; c += chunk) {
      if (c >= d) break;
      const int channels = std::min(chunk, d - c);
      __syncthreads();
      load_tile<chunk>(kv_tile, v + a.key(head, first_key) + c, a.token_stride, keys, round_up(keys, W), channels, aligned);
      __syncthreads();
      if (has_rows) multiply_values<D>(out, c / tile_side, p_tile, S::p_stride, kv_tile, keys, channels);
    }
  }

#pragma unroll
  for (int i = 0; i < M; ++i) {
#pragma unroll
    for (int bit = 1; bit < tile_side; bit *= 2) sum[i] += __shfl_xor_sync(full_warp, sum[i], bit, tile_side);
    const int64_t t = first_query + tile_y() * M + i;
    if (tile_x() == 0 && t < a.queries) lse[head * a.queries + t] = top[i] + std::log(sum[i]);
    sum[i] = 1 / sum[i];
  }
  store_rows<D>(out, sum, y + a.result(head, first_query), a.channels, rows, d, aligned);
}

template <int D, class T, class A>
void launch_flash(const T* q, const T* k, const T* v, const T* mask, T* y, A* lse, const AttentionShape& shape) {
  using S = Sizes<A, D>;
  const int64_t tiles = (shape.queries + S::tile - 1) / S::tile, blocks = shape.batch * shape.heads * tiles;
  ITO_CHECK(blocks <= 0x7fffffff, "[attention] ", shape.batch, " images of ", shape.heads, " heads and ", shape.queries,
            " queries: too many for a launch");
  allow_shared_bytes(&attention_flash<T, D>, S::bytes);
  launch(&attention_flash<T, D>, {unsigned(blocks), tile_threads, S::bytes}, q, k, v, mask, y, lse, AttentionHeads<A>(shape), tiles,
         heads_aligned<T>(shape, {q, k, v, y}));
}

template <class T>
void forward_flash(const T* q, const T* k, const T* v, const T* mask, T* y, accumulate_t<T>* lse, const AttentionShape& shape) {
  if (shape.batch * shape.heads * shape.queries == 0) return;
  const int64_t d = shape.head_channels();
  if (d > 256 || d == 0 || shape.keys == 0) return attention_forward_naive(q, k, v, mask, y, lse, shape);
  if (d <= 32) return launch_flash<32>(q, k, v, mask, y, lse, shape);
  if (d <= 64) return launch_flash<64>(q, k, v, mask, y, lse, shape);
  if (d <= 128) return launch_flash<128>(q, k, v, mask, y, lse, shape);
  launch_flash<256>(q, k, v, mask, y, lse, shape);
}

}  // namespace

ITO_REGISTER_KERNEL(AttentionForward, Device::cuda, "flash", forward_flash, float, double, bfloat16);

}  // namespace ito::kernels
