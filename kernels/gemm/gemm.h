// C (m, n) = A (m, k) B (k, n) + bias, blocked and packed (Goto & van de Geijn 2008), for any A and B that can be copied in panels:
// a matmul packs rows of a matrix, a convolution packs patches of an image. Used inside CPU kernels; T, in which all is summed, is float or
// double; C may be of another type (bfloat16), to which finished sums are rounded.
//
// A panel is mr rows of k_block values each; the micro-kernel broadcasts its elements. B panels are nr columns wide, k-major, and
// are read as vectors. An element of C is a sum over k in one fixed order: it does not depend on m, n or the number of threads.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/parallel.h"
#include "kernels/scratch.h"
#include "kernels/vector.h"

namespace ito::kernels {

constexpr int gemm_mr = vector_bytes == 64 ? 14 : vector_bytes == 32 ? 6 : 4;  // with 64 bytes 28 of the 32 registers hold C, with 32 bytes 12 of 16

template <class T>
struct Gemm {
  using Vector = kernels::Vector<T>;
  static constexpr int lanes = VectorTypes<T>::lanes;
  static constexpr int mr = gemm_mr, nr = 2 * lanes;
  static constexpr int64_t k_block = 256;
  static constexpr int64_t a_stride = k_block + lanes;  // of a panel's rows: off the power of two, which would fall into few cache sets
  static constexpr int64_t m_block = 8 * mr;            // rows of A packed at a time, and one task of the row loop
  static constexpr int64_t n_block = 16 * nr;
  static constexpr int64_t b_group = 4 * nr;  // columns of B packed at a time where k is split: its rows are read in runs

  // k rows of `columns` values, `distance` apart, cut into panels of `width` columns, each k rows long, `panel` apart; zeros fill the last one up.
  template <int width, class From>
  static void cut(const From* from, int64_t distance, int64_t columns, int64_t k, T* to, int64_t panel) {
    for (int64_t p = 0; p < k; ++p, from += distance, to += width) {
      int64_t c = 0;
      T* out = to;
      for (; c + width <= columns; c += width, out += panel) convert(from + c, width, out);
      if (c == columns) continue;
      convert(from + c, columns - c, out);
      std::fill(out + columns - c, out + width, T(0));
    }
  }

  // to[c * to_distance + r] = from[r * distance + c], a square at a time, for r < rows, c < columns, and zeros for r up to `filled`. In a row of
  // `from` `readable` values may be read. Whole vectors are written.
  template <class From>
  static void turn(const From* from, int64_t distance, int64_t rows, int64_t columns, int64_t readable, T* to, int64_t to_distance, int64_t filled) {
    for (int64_t r = 0; r < filled; r += lanes)
      for (int64_t c = 0; c < columns; c += lanes) {
        const int64_t count = std::min<int64_t>(lanes, readable - c);
        Vector line[lanes];
        for (int64_t i = 0; i < lanes; ++i) line[i] = r + i < rows ? load_vector<T>(from + (r + i) * distance + c, count) : Vector{};
        transpose_vectors<T>(line);
        for (int64_t i = 0; i < std::min<int64_t>(lanes, columns - c); ++i) store_vector<T>(line[i], to + (c + i) * to_distance + r);
      }
  }

  // tile (mr, `vectors`) = A B over k steps. A's element (i, p) is a(i, p); B's rows begin at b, b + b_stride, ...
  // A function of its own: within others g++ 12 gives its registers to what is around it.
  template <class A, int vectors>
  [[gnu::noinline]] static void micro(int64_t k, A&& a, const T* b, int64_t b_stride, Vector (&tile)[mr][vectors]) {
    Vector c[mr][vectors] = {};
    for (int64_t p = 0; p < k; ++p) {
      Vector line[vectors];
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) line[v] = load_vector<T>(b + p * b_stride + v * lanes);
#pragma GCC unroll 16
      for (int i = 0; i < mr; ++i) {
        const T x = a(i, p);
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) c[i][v] += x * line[v];
      }
    }
#pragma GCC unroll 16
    for (int i = 0; i < mr; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) tile[i][v] = c[i][v];
  }

  // rows x cols of C (leading dimension ldc): overwritten with tile + bias in the first k block, added to in the others.
  static void store(const Vector (&tile)[mr][2], T* c, int64_t ldc, int64_t rows, int64_t cols, bool first, const T* bias) {
    if (cols == nr) {
      Vector b0{}, b1{};
      if (first && bias) b0 = load_vector<T>(bias), b1 = load_vector<T>(bias + lanes);
      for (int64_t i = 0; i < rows; ++i) {
        T* out = c + i * ldc;
        if (!first) b0 = load_vector<T>(out), b1 = load_vector<T>(out + lanes);
        store_vector<T>(tile[i][0] + b0, out);
        store_vector<T>(tile[i][1] + b1, out + lanes);
      }
      return;
    }
    T row[nr];
    for (int64_t i = 0; i < rows; ++i) {
      store_vector<T>(tile[i][0], row);
      store_vector<T>(tile[i][1], row + lanes);
      T* out = c + i * ldc;
      for (int64_t j = 0; j < cols; ++j) out[j] = row[j] + (!first ? out[j] : bias ? bias[j] : T(0));
    }
  }

  // One block of rows of C against packed B panels of one k block. A's panels are mr rows of a_stride values each or, `by_columns`, columns of mr.
  template <bool by_columns = false>
  static void block(int64_t rows, int64_t cols, int64_t k, const T* a_panels, const T* b_panels, T* c, int64_t ldc, bool first, const T* bias) {
    for (int64_t j = 0; j < cols; j += nr)
      for (int64_t i = 0; i < rows; i += mr) {
        Vector tile[mr][2];
        micro(
            k, [panel = a_panels + i * a_stride](int64_t row, int64_t p) { return panel[by_columns ? p * mr + row : row * a_stride + p]; },
            b_panels + j * k, nr, tile);
        store(tile, c + i * ldc + j, ldc, std::min<int64_t>(mr, rows - i), std::min<int64_t>(nr, cols - j), first, bias ? bias + j : nullptr);
      }
  }

  // pack_a(row, rows, k0, k, out): out[i * a_stride + p] = A[row + i][k0 + p], rows <= mr. Rows past the end need not be written.
  // pack_b(col, cols, k0, k, out): panels of B[k0 ... k0 + k - 1][col ... col + cols - 1], one after the other, as cut<nr> makes them.
  template <class PackA, class PackB, class C>
  static void run(int64_t m, int64_t n, int64_t k, PackA&& pack_a, PackB&& pack_b, C* c, int64_t ldc, const C* bias) {
    if (m == 0 || n == 0) return;
    if (k == 0) return fill_bias(m, n, c, ldc, bias);
    const int64_t n_padded = ceil_div(n, nr) * nr;
    const Scratch<T, Device::cpu> packed(n_padded * k), widened(std::is_same_v<C, T> || !bias ? 0 : n);
    T* b = packed.data();  // k blocks one after the other, in each the panels
    const T* offset = nullptr;
    if constexpr (std::is_same_v<C, T>)
      offset = bias;
    else if (bias)
      offset = std::copy_n(bias, n, widened.data()) - n;
    parallel_for(ceil_div(n, nr), std::max<int64_t>(1, 65536 / (k * nr)), [&](int64_t first, int64_t last) {
      for (int64_t panel = first; panel < last; ++panel)
        for (int64_t k0 = 0; k0 < k; k0 += k_block) {
          const int64_t kb = std::min(k_block, k - k0), j = panel * nr;
          pack_b(j, std::min<int64_t>(nr, n - j), k0, kb, b + k0 * n_padded + j * kb);
        }
    });
    const int64_t n_blocks = ceil_div(n, n_block);
    parallel_for(ceil_div(m, m_block) * n_blocks, 1, [&](int64_t task, int64_t) {
      const int64_t i = task / n_blocks * m_block, j = task % n_blocks * n_block;
      const int64_t rows = std::min(m_block, m - i), cols = std::min(n_block, n - j);
      const Scratch<T, Device::cpu> a(m_block * a_stride), sums(std::is_same_v<C, T> ? 0 : m_block * n_block);
      const auto sum_up = [&](T* out, int64_t stride) {
        for (int64_t k0 = 0; k0 < k; k0 += k_block) {
          const int64_t kb = std::min(k_block, k - k0);
          for (int64_t r = 0; r < rows; r += mr) pack_a(i + r, std::min<int64_t>(mr, rows - r), k0, kb, a.data() + r * a_stride);
          block(rows, cols, kb, a.data(), b + k0 * n_padded + j * kb, out, stride, k0 == 0, offset ? offset + j : nullptr);
        }
      };
      if constexpr (std::is_same_v<C, T>) {
        sum_up(c + i * ldc + j, ldc);
      } else {
        sum_up(sums.data(), n_block);
        for (int64_t r = 0; r < rows; ++r) convert(sums.data() + r * n_block, cols, c + (i + r) * ldc + j);
      }
    });
  }

  // For few elements of C and a long k (gradients of weights): k is cut into `parts` of k_block multiples whose sums are made in
  // parallel and added in order. The number of parts depends on k alone. C is dense; pack_a(k0, k, out) packs all rows of A, as
  // cut<mr> does, mr * a_stride apart.
  template <class PackA, class PackB, class C>
  static void run_split_k(int64_t m, int64_t n, int64_t k, PackA&& pack_a, PackB&& pack_b, C* c) {
    if (k == 0) return fill_bias<C>(m, n, c, n, nullptr);
    const int64_t part = ceil_div(ceil_div(k, k_block), 16) * k_block, parts = ceil_div(k, part);
    const Scratch<T, Device::cpu> memory(parts * m * n);
    T* sums = memory.data();
    parallel_for(parts, 1, [&](int64_t index, int64_t) {
      T* own = sums + index * m * n;
      const Scratch<T, Device::cpu> a(ceil_div(m, mr) * mr * a_stride), b(b_group * k_block);
      const int64_t end = std::min(k, (index + 1) * part);
      for (int64_t k0 = index * part; k0 < end; k0 += k_block) {
        const int64_t kb = std::min(k_block, end - k0);
        pack_a(k0, kb, a.data());
        for (int64_t j = 0; j < n; j += b_group) {
          const int64_t cols = std::min(b_group, n - j);
          pack_b(j, cols, k0, kb, b.data());
          block<true>(m, cols, kb, a.data(), b.data(), own + j, n, k0 == index * part, nullptr);
        }
      }
    });
    parallel_for(m * n, 1 << 14, [&](int64_t first, int64_t last) {
      for (int64_t index = 1; index < parts; ++index)
        for (int64_t e = first; e < last; ++e) sums[e] += sums[index * m * n + e];
      convert(sums + first, last - first, c + first);
    });
  }

 private:
  template <class C>
  static void fill_bias(int64_t m, int64_t n, C* c, int64_t ldc, const C* bias) {
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) c[i * ldc + j] = bias ? bias[j] : C(0.0f);
  }
};

}  // namespace ito::kernels
