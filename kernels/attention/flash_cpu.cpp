// flash   softmax(scale Q K^T + mask) V in blocks of queries and keys that stay in the cache (FlashAttention, Dao et al. 2022, algorithms 1 and 4):
// the score matrix is never in memory. Over the blocks of keys goes an online softmax (Milakov & Gimelshein 2018): with m the largest score so far,
//   m' = max(m, max_s S)      P = exp(S - m')      l' = exp(m - m') l + sum_s P      O' = exp(m - m') O + P V
// and in the end Y = O / l, lse = m + log l. The backward pass works P = exp(S - lse) out again, block by block.
//
// A block of scores is kept with a row a key, S^T = K Q^T: queries are then the lanes of a vector, maxima and sums need no step across lanes, and S
// is ready to be multiplied from the left, P V as well as P^T dY.
//
// Heads are tasks, and where they are few so are parts of their queries, as many as follow from the shape. dK and dV are sums over queries: the
// parts' sums are added in order.
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/attention/head.h"
#include "kernels/gemm/gemm.h"
#include "kernels/scratch.h"
#include "kernels/softmax/lanes.h"
#include "kernels/vecmath.h"

namespace ito::kernels {

namespace {

constexpr int64_t round_up(int64_t n, int64_t unit) { return ceil_div(n, unit) * unit; }

template <class A>
struct Blocks {
  using G = Gemm<A>;
  using Vector = typename G::Vector;
  static constexpr int lanes = G::lanes;  // of a vector
  static constexpr int64_t mr = G::mr, nr = G::nr;
  // Whole tiles of the micro-kernel, whichever side the tokens are on. A block of scores fits into the first cache.
  static constexpr int64_t query_unit = std::lcm(mr, nr), queries = query_unit * std::max<int64_t>(1, 48 / query_unit),
                           keys = round_up(queries > 96 ? 48 : 96, mr);
  static constexpr int64_t scores = queries * keys;

  // The distance of packed rows of d channels: whole tiles, and an odd number of them, as powers of two would fall into few cache sets.
  static int64_t row_stride(int64_t d) { return (ceil_div(d, nr) | 1) * nr; }

  // `rows` rows of d channels times `scale`; zeros to the end of the tile, and in all rows up to `filled`.
  template <class T>
  static void pack(const T* from, int64_t from_stride, int64_t rows, int64_t d, A scale, A* to, int64_t filled) {
    const int64_t stride = row_stride(d), width = round_up(d, nr);
    for (int64_t i = 0; i < rows; ++i) {
      const T* in = from + i * from_stride;
      A* out = to + i * stride;
      for (int64_t c = 0; c < d; c += 64 / int64_t(sizeof(T))) __builtin_prefetch(in + 16 * from_stride + c);  // other heads' channels lie between
#pragma omp simd
      for (int64_t c = 0; c < d; ++c) out[c] = scale * A(in[c]);
      if (d < width) std::fill(out + d, out + width, A(0));
    }
    for (int64_t i = rows; i < filled; ++i) std::fill_n(to + i * stride, width, A(0));
  }

  // Packed rows become columns, `queries` apart: out[c][t] = rows[t][c].
  static void transpose(const A* rows, int64_t count, int64_t d, A* out) {
    const int64_t stride = row_stride(d);
    for (int64_t t = 0; t < count; t += lanes)
      for (int64_t c = 0; c < d; c += lanes) {
        Vector line[lanes];
        for (int i = 0; i < lanes; ++i) line[i] = load_vector<A>(rows + (t + i) * stride + c);
        transpose_vectors<A>(line);
        for (int i = 0; i < lanes; ++i) store_vector<A>(line[i], out + (c + i) * queries + t);
      }
  }

  // c (m, n) = a b, or c + a b; in whole tiles, which the buffers have room for. The last is as wide as a vector where that is enough.
  template <class Left>
  static void multiply(int64_t m, int64_t n, int64_t k, Left&& a, const A* b, int64_t b_stride, A* c, int64_t c_stride, bool add) {
    const auto columns = [&]<int vectors>(int64_t j) {
      for (int64_t i = 0; i < m; i += mr) {
        Vector tile[mr][vectors];
        G::micro(
            k, [&a, i](int64_t row, int64_t p) { return a(i + row, p); }, b + j, b_stride, tile);
        for (int64_t r = 0; r < mr; ++r)
          for (int v = 0; v < vectors; ++v) {
            A* to = c + (i + r) * c_stride + j + v * lanes;
            store_vector<A>(add ? tile[r][v] + load_vector<A>(to) : tile[r][v], to);
          }
      }
    };
    for (int64_t j = 0; j < n; j += nr)
      if (n - j > lanes)
        columns.template operator()<2>(j);
      else
        columns.template operator()<1>(j);
  }
};

// Packed rows as the left factor.
template <class A>
auto rows_of(const A* x, int64_t stride) {
  return [=](int64_t i, int64_t p) { return x[i * stride + p]; };
}
// A block of scores as the left factor: P^T with a row a key, P with a row a query.
template <class A>
auto by_key(const A* scores) {
  return [=](int64_t key, int64_t query) { return scores[key * Blocks<A>::queries + query]; };
}
template <class A>
auto by_query(const A* scores) {
  return [=](int64_t query, int64_t key) { return scores[key * Blocks<A>::queries + query]; };
}

// A block of a head's scores: queries first ... first + queries - 1, which fill `columns` of its rows in vectors, and as many keys.
struct Block {
  int64_t query, queries, columns, key, keys;
};

// S^T = K Q^T + mask; k packed rows, q packed columns.
template <class T, class A>
void scores_of(const Head<T>& head, const Block& b, const A* k, const A* q, A* scores) {
  using B = Blocks<A>;
  const int64_t d = head.s.head_channels(), stride = B::row_stride(d);
  B::multiply(b.keys, b.columns, d, rows_of(k + b.key * stride, stride), q, B::queries, scores, B::queries, false);
  if (head.mask)
    for (int64_t j = 0; j < b.keys; ++j) {
      const T* added = head.mask_row(b.query) + (b.key + j) * head.s.mask_strides[3];
      for (int64_t t = 0; t < b.queries; ++t) scores[j * B::queries + t] += A(added[t * head.s.mask_strides[2]]);
    }
  if (head.s.causal)
    for (int64_t j = 0; j < b.keys; ++j)
      std::fill_n(scores + j * B::queries, std::clamp<int64_t>(b.key + j - b.query, 0, b.columns), -std::numeric_limits<A>::infinity());
}

// Calls body(block) for the blocks of keys that queries first ... first + count - 1 may see.
template <class A, class Body>
void for_keys(const AttentionShape& s, int64_t first, int64_t count, Body&& body) {
  using B = Blocks<A>;
  const int64_t end = s.causal ? std::min(s.keys, round_up(first + count, B::mr)) : s.keys;  // whole tiles: their last keys are masked
  for (int64_t key = 0; key < end; key += B::keys) body(Block{first, count, round_up(count, B::lanes), key, std::min(B::keys, end - key)});
}

template <class T>
void forward_flash(const T* q, const T* k, const T* v, const T* mask, T* y, accumulate_t<T>* lse, const AttentionShape& s) {
  using A = accumulate_t<T>;
  using B = Blocks<A>;
  constexpr A infinity = std::numeric_limits<A>::infinity();
  const int64_t d = s.head_channels(), stride = B::row_stride(d), key_rows = round_up(s.keys, B::mr);
  for_parts(s, mask, parts_of(s, B::queries), B::queries, [&](const Head<T>& head, int64_t begin, int64_t end, int64_t) {
    const Scratch<A, Device::cpu> memory((2 * key_rows + 2 * B::queries) * stride + B::queries * stride + B::scores);
    A *keys = memory.data(), *values = keys + key_rows * stride, *rows = values + key_rows * stride, *columns = rows + B::queries * stride,
      *out = columns + B::queries * stride, *p = out + B::queries * stride;
    B::pack(k + head.key(0), s.token_stride, s.keys, d, A(1), keys, key_rows);
    B::pack(v + head.key(0), s.token_stride, s.keys, d, A(1), values, key_rows);
    for (int64_t first = begin; first < end; first += B::queries) {
      const int64_t count = std::min(B::queries, end - first);
      B::pack(q + head.query(first), s.token_stride, count, d, A(s.scale), rows, round_up(count, B::lanes));
      B::transpose(rows, round_up(count, B::lanes), d, columns);
      if (s.keys == 0) std::fill_n(out, B::queries * stride, A(0));
      A top[B::queries], sum[B::queries] = {}, base[B::queries], shrink[B::queries];
      std::fill_n(top, B::queries, -infinity);
      for_keys<A>(s, first, count, [&](const Block& b) {
        scores_of(head, b, keys, columns, p);
        std::copy_n(top, B::queries, base);
        for (int64_t j = 0; j < b.keys; ++j) {
          const A* row = p + j * B::queries;
#pragma omp simd
          for (int64_t t = 0; t < b.columns; ++t) top[t] = row[t] > top[t] ? row[t] : top[t];
        }
#pragma omp simd
        for (int64_t t = 0; t < b.columns; ++t) {
          const A highest = top[t] == -infinity ? A(0) : top[t];  // nothing seen yet: exp(-inf - 0) is 0, exp(-inf + inf) is not
          shrink[t] = exp_bounded(base[t] - highest);
          base[t] = highest;
          sum[t] *= shrink[t];
        }
        for (int64_t j = 0; j < b.keys; ++j) {
          A* row = p + j * B::queries;
#pragma omp simd
          for (int64_t t = 0; t < b.columns; ++t) {
            row[t] = exp_bounded(row[t] - base[t]);
            sum[t] += row[t];
          }
        }
        if (b.key > 0)
          for (int64_t t = 0; t < count; ++t)
            for (int64_t c = 0; c < d; ++c) out[t * stride + c] *= shrink[t];
        B::multiply(count, d, b.keys, by_query(p), values + b.key * stride, stride, out, stride, b.key > 0);
      });
      for (int64_t t = 0; t < count; ++t) {
        const A scale = s.keys == 0 ? A(1) : 1 / sum[t];
        T* line = y + head.result(first + t);
        for (int64_t c = 0; c < d; ++c) line[c] = T(out[t * stride + c] * scale);
        lse[head.row(first + t)] = sum[t] > 0 ? top[t] + std::log(sum[t]) : std::numeric_limits<A>::quiet_NaN();
      }
    }
  });
}

// The gradients of k and v of one head: sums of `parts` parts, `distance` apart, each of dk and dv one after the other.
template <class T, class A>
void store_key_gradients(const Head<T>& head, const A* sums, int64_t parts, int64_t distance, T* dk, T* dv) {
  const int64_t d = head.s.head_channels(), stride = Blocks<A>::row_stride(d), key_rows = round_up(head.s.keys, Blocks<A>::mr);
  for (int64_t j = 0; j < head.s.keys; ++j)
    for (int64_t c = 0; c < d; ++c) {
      const A *of_k = sums + j * stride + c, *of_v = of_k + key_rows * stride;
      A k_sum = *of_k, v_sum = *of_v;
      for (int64_t part = 1; part < parts; ++part) {
        k_sum += of_k[part * distance];
        v_sum += of_v[part * distance];
      }
      dk[head.key(j) + c] = T(k_sum);
      dv[head.key(j) + c] = T(v_sum);
    }
}

template <class T>
void backward_flash(const T* q, const T* k, const T* v, const T* mask, const T* y, const accumulate_t<T>* lse, const T* dy, T* dq, T* dk, T* dv,
                    const AttentionShape& s) {
  using A = accumulate_t<T>;
  using B = Blocks<A>;
  const int64_t d = s.head_channels(), stride = B::row_stride(d), key_rows = round_up(s.keys, B::mr), parts = parts_of(s, B::queries),
                sums_size = 2 * key_rows * stride;
  const Scratch<A, Device::cpu> part_sums(parts > 1 ? s.batch * s.heads * parts * sums_size : 0);
  for_parts(s, mask, parts, B::queries, [&](const Head<T>& head, int64_t begin, int64_t end, int64_t part) {
    const Scratch<A, Device::cpu> memory(2 * key_rows * stride + 5 * B::queries * stride + 2 * B::scores + (parts > 1 ? 0 : sums_size));
    A *keys = memory.data(), *values = keys + key_rows * stride, *q_rows = values + key_rows * stride, *q_columns = q_rows + B::queries * stride,
      *dy_rows = q_columns + B::queries * stride, *dy_columns = dy_rows + B::queries * stride, *dq_sum = dy_columns + B::queries * stride,
      *p = dq_sum + B::queries * stride, *ds = p + B::scores;
    A* dk_sum = parts > 1 ? part_sums.data() + (head.index() * parts + part) * sums_size : ds + B::scores;
    A* dv_sum = dk_sum + key_rows * stride;
    B::pack(k + head.key(0), s.token_stride, s.keys, d, A(1), keys, key_rows);
    B::pack(v + head.key(0), s.token_stride, s.keys, d, A(1), values, key_rows);
    std::fill_n(dk_sum, sums_size, A(0));
    for (int64_t first = begin; first < end; first += B::queries) {
      const int64_t count = std::min(B::queries, end - first), columns = round_up(count, B::lanes);
      B::pack(q + head.query(first), s.token_stride, count, d, A(s.scale), q_rows, columns);
      B::pack(dy + head.result(first), s.channels, count, d, A(1), dy_rows, columns);
      B::transpose(q_rows, columns, d, q_columns);
      B::transpose(dy_rows, columns, d, dy_columns);
      if (s.keys == 0) std::fill_n(dq_sum, B::queries * stride, A(0));
      A top[B::queries] = {}, mean[B::queries] = {};
      for (int64_t t = 0; t < count; ++t) {
        const T* out = y + head.result(first + t);
        top[t] = lse[head.row(first + t)];
        mean[t] = lane_sum<A>(d, [&](int64_t c) { return A(out[c]) * dy_rows[t * stride + c]; });
      }
      for_keys<A>(s, first, count, [&](const Block& b) {
        const int64_t at = b.key * stride;
        scores_of(head, b, keys, q_columns, p);
        B::multiply(b.keys, columns, d, rows_of(values + at, stride), dy_columns, B::queries, ds, B::queries, false);
        for (int64_t j = 0; j < b.keys; ++j) {
          A *row = p + j * B::queries, *g = ds + j * B::queries;
#pragma omp simd
          for (int64_t t = 0; t < b.columns; ++t) {
            row[t] = exp_bounded(row[t] - top[t]);
            g[t] = row[t] * (g[t] - mean[t]);
          }
        }
        B::multiply(b.keys, d, count, by_key(p), dy_rows, stride, dv_sum + at, stride, true);
        B::multiply(b.keys, d, count, by_key(ds), q_rows, stride, dk_sum + at, stride, true);
        B::multiply(count, d, b.keys, by_query(ds), keys + at, stride, dq_sum, stride, b.key > 0);
      });
      for (int64_t t = 0; t < count; ++t)
        for (int64_t c = 0; c < d; ++c) dq[head.query(first + t) + c] = T(A(s.scale) * dq_sum[t * stride + c]);
    }
    if (parts == 1) store_key_gradients(head, dk_sum, 1, 0, dk, dv);
  });
  if (parts > 1)
    for_parts(s, mask, 1, B::queries, [&](const Head<T>& head, int64_t, int64_t, int64_t) {
      store_key_gradients(head, part_sums.data() + head.index() * parts * sums_size, parts, sums_size, dk, dv);
    });
}

}  // namespace

ITO_REGISTER_KERNEL(AttentionForward, Device::cpu, "flash", forward_flash, float, double, bfloat16);
ITO_REGISTER_KERNEL(AttentionBackward, Device::cpu, "flash", backward_flash, float, double, bfloat16);

}  // namespace ito::kernels
