// Matmul on the processor's instructions for pairs of bfloat16 (kernels/gemm/pairs.h), of floats in three parts each, six products for one. B is
// packed once; tasks are blocks of y, which read A in place where it is bfloat16 and its rows are whole blocks. A sum over many rows (transposed A:
// gradients of weights) is cut along k: each task packs its own rows of A and B, and the sums of all are added in order.
#pragma once

#include <limits>

#include "kernels/gemm/pairs.h"
#include "kernels/gemm/split.h"
#include "kernels/matmul/matmul.h"
#include "kernels/parallel.h"
#include "kernels/scratch.h"
#include "kernels/store.h"

namespace ito::kernels::pairs {

constexpr int64_t m_block = 4 * block, n_block = 16 * block;  // of y: one task
constexpr int64_t sums_stride = n_block + 16;                 // off the power of two, which would fall into few cache sets

// Sums go to y as they are.
struct Plain {
  template <class T>
  void operator()(const float* sums, int64_t columns, int64_t at, T* y) const {
    convert(sums, columns, y + at);
  }
  void ahead(Ahead&, int64_t, int64_t) const {}
};

// finish(sums, columns, at, y): what becomes of a finished part of a row of y, which begins at y[at]. finish.ahead(ahead, at, count): what it reads
// and writes, but for y, for y[at] ... y[at + count - 1].
template <class T, class Finish = Plain>
struct Multiplication {
  static constexpr bool splits = std::is_same_v<T, float>;
  static constexpr int parts = parts_of<T>;
  static constexpr int64_t k_block = splits ? 16 * block : std::numeric_limits<int64_t>::max() / 2;  // of A packed at a time

  const T *a, *b, *bias;
  T* y;
  const MatmulShape& s;
  Finish finish = {};

  // `block` columns of B from `column` on and rows k0 ... k0 + k - 1, filled up with zeros; its parts are whole_blocks(k) * block values apart.
  void pack_panel(int64_t column, int64_t k0, int64_t k, bfloat16* to) const {
    const int64_t part = whole_blocks(k) * block;
    if (s.n - column < block || k % block != 0) std::fill_n(to, parts * part, bfloat16());
    pack_rows(column, k0, k, part, to);
  }
  void pack_rows(int64_t column, int64_t k0, int64_t k, int64_t part, bfloat16* to) const {
    const int64_t columns = std::min(block, s.n - column);
    const T* from = s.transpose_b ? b + column * s.k + k0 : b + k0 * s.n + column;
    if (s.transpose_b)
      interleave_turned(from, s.k, columns, k, to, 2 * block, part);
    else
      interleave(from, s.n, k, columns, to, 2 * block, part);
  }

  static int64_t a_buffer(int64_t k) { return parts * m_block * (whole_blocks(k) + block); }

  // Rows row ... row + rows - 1 of A, k0 ... k0 + k - 1, in whole blocks: where they lie, or copied to `buffer`, its parts m_block rows apart.
  const bfloat16* rows_of_a(int64_t row, int64_t rows, int64_t k0, int64_t k, bfloat16* buffer, int64_t& stride) const {
    const T* from = s.transpose_a ? a + k0 * s.m + row : a + row * s.k + k0;
    if constexpr (!splits)
      if (!s.transpose_a && rows % block == 0 && k % block == 0) {
        stride = s.k;
        return from;
      }
    stride = whole_blocks(k) + block;
    if (k % block != 0) std::fill_n(buffer, parts * m_block * stride, bfloat16());
    if (s.transpose_a)
      turn(from, s.m, k, rows, buffer, stride, m_block * stride);
    else
      copy(from, s.k, rows, k, buffer, stride, m_block * stride);
    return buffer;
  }

  // sums (block, block) = start + 32 rows of A, as rows_of_a gave them, times k rows of a panel of B.
  static void multiply(const Multiplier& multiplier, const bfloat16* rows, int64_t stride, int64_t k, const bfloat16* panel, int64_t part,
                       const float* start, float* sums, int64_t distance, Ahead& ahead) {
    const int64_t segment = 0;
    multiplier({.a = rows,
                .a_stride = stride,
                .a_segments = &segment,
                .segments = 1,
                .steps = whole_blocks(k) / block,
                .b = panel,
                .b_stride = 2 * block,
                .c = sums,
                .c_stride = distance,
                .add = false,
                .start = start,
                .parts = parts,
                .a_part = m_block * stride,
                .b_part = part,
                .ahead = &ahead});
  }

  // A sum over k takes so many of these for rows x columns of y.
  static int64_t products(int64_t rows, int64_t columns, int64_t k) {
    return ceil_div(rows, block) * ceil_div(columns, block) * ceil_div(k, block) * products_of<T>;
  }

  // What a task needs.
  struct Task {
    const Multiplier& multiplier;
    const bfloat16* packed;  // B
    bfloat16* rows;          // of A
    float *start,            // the bias, filled up with zeros
        *sums;               // rows sums_stride apart
  };

  // `rows` rows from `row` on and columns from `column` on of y, before those from `next` on. Where k takes several goes, each begins at nothing, and
  // its sums are added to those before: a long sum in one go would be rounded once too often at its full size. Finished rows go to y from end to end,
  // as memory likes it.
  void some_rows(const Task& task, int64_t row, int64_t rows, int64_t column, int64_t next) const {
    const int64_t columns = std::min(n_block, s.n - column), part = whole_blocks(s.k) * block;
    Ahead ahead;
    if (columns == s.n) {
      ahead.add(y + row * s.n, rows * s.n);
      finish.ahead(ahead, row * s.n, rows * s.n);
    }
    if (!s.transpose_a) ahead.add(a + next * s.k, std::min(rows, s.m - next) * s.k);
    ahead.spread(products(rows, columns, s.k));
    alignas(64) float more[block * block];
    int64_t done = 0;
    do {
      const int64_t now = std::min(s.k - done, k_block);
      int64_t stride = 0;
      const bfloat16* from = rows_of_a(row, rows, done, now, task.rows, stride);
      for (int64_t j = 0; j < columns; j += block)
        for (int64_t i = 0; i < rows; i += block) {
          float* sums = task.sums + i * sums_stride + j;
          multiply(task.multiplier, from + i * stride, stride, now, task.packed + (column + j) / block * parts * part + done * block, part,
                   bias && done == 0 ? task.start + j : nullptr, done == 0 ? sums : more, done == 0 ? sums_stride : block, ahead);
          if (done == 0) continue;
          for (int64_t r = 0; r < block; ++r)
            for (int64_t c = 0; c < block; ++c) sums[r * sums_stride + c] += more[r * block + c];
        }
      done += now;
    } while (done < s.k);
    for (int64_t i = 0; i < rows; ++i) finish(task.sums + i * sums_stride, columns, (row + i) * s.n + column, y);
  }

  // One block of rows at a time stays in the first cache while the columns pass by; four, where those do not stay in the second.
  void run_task(const bfloat16* packed, int64_t row, int64_t column, int64_t next_row) const {
    const int64_t at_once = parts * std::min(n_block, s.n) * s.k > (1 << 18) ? m_block : block;
    const Scratch<bfloat16, Device::cpu> rows(a_buffer(std::min(s.k, k_block)));
    const Scratch<float, Device::cpu> start(n_block), sums(at_once * sums_stride);
    if (bias) {
      std::fill_n(start.data(), n_block, 0.0f);
      convert(bias + column, std::min(n_block, s.n - column), start.data());
    }
    const Multiplier multiplier;
    const Task task{multiplier, packed, rows.data(), start.data(), sums.data()};
    const int64_t end = std::min(s.m, row + m_block);
    for (int64_t i = row; i < end; i += at_once) {
      const int64_t next = i + at_once;
      some_rows(task, i, std::min(at_once, end - i), column, next < end ? next : next_row);
    }
  }

  void run() const {
    if (s.m == 0 || s.n == 0) return;
    if (s.transpose_a && !bias && s.k >= 4096 && s.m * s.n <= (1 << 18)) return run_split_k();
    const int64_t panel = parts * whole_blocks(s.k) * block;
    const Scratch<bfloat16, Device::cpu> packed(whole_blocks(s.n) / block * panel);
    parallel_for(ceil_div(s.n, block), std::max<int64_t>(1, 65536 / std::max<int64_t>(1, panel)), [&](int64_t first, int64_t last) {
      for (int64_t j = first; j < last; ++j) pack_panel(j * block, 0, s.k, packed.data() + j * panel);
    });
    const int64_t across = ceil_div(s.n, n_block);
    const auto row_of = [&](int64_t index) { return std::min(s.m, index / across * m_block); };
    parallel_for(ceil_div(s.m, m_block) * across, 1, [&](int64_t index, int64_t) {
      run_task(packed.data(), row_of(index), index % across * n_block, row_of(index + 1));  // which the thread is likely to get next
    });
  }

  // All panels of B's rows k0 ... k0 + k - 1. A few rows at a time go to all of them, as each is read from end to end.
  void pack_panels(int64_t k0, int64_t k, bfloat16* panels) const {
    constexpr int64_t few = block / 2;
    const int64_t part = whole_blocks(k) * block;
    if (s.n % block != 0 || k % block != 0) std::fill_n(panels, whole_blocks(s.n) * parts * whole_blocks(k), bfloat16());
    for (int64_t r = 0; r < k; r += few)
      for (int64_t column = 0; column < s.n; column += block)
        pack_rows(column, k0 + r, std::min(few, k - r), part, panels + column * parts * whole_blocks(k) + r * block);
  }

  // own (m, n) = or += the sum over k0 ... k0 + k - 1. The same thread is likely to add as many after them next.
  void add_rows(const Multiplier& multiplier, int64_t k0, int64_t k, bfloat16* a_rows, bfloat16* panels, float* own, bool first) const {
    const int64_t part = whole_blocks(k) * block, panel = parts * part, next = k0 + k, next_k = std::min(k, s.k - next);
    alignas(64) float sums[block * block];
    pack_panels(k0, k, panels);
    Ahead ahead;
    if (!s.transpose_b) ahead.add(b + next * s.n, next_k * s.n);
    ahead.add(a + next * s.m, next_k * s.m);
    ahead.spread(products(s.m, s.n, k));
    for (int64_t row = 0; row < s.m; row += m_block) {
      const int64_t rows = std::min(m_block, s.m - row);
      int64_t stride = 0;
      const bfloat16* from = rows_of_a(row, rows, k0, k, a_rows, stride);
      for (int64_t column = 0; column < s.n; column += block)
        for (int64_t i = 0; i < rows; i += block) {
          float* to_own = own + (row + i) * s.n + column;
          const bool direct = first && rows - i >= block && s.n - column >= block;
          multiply(multiplier, from + i * stride, stride, k, panels + column / block * panel, part, nullptr, direct ? to_own : sums,
                   direct ? s.n : block, ahead);
          if (direct) continue;
          for (int64_t r = 0; r < std::min(block, rows - i); ++r) {
            float* to = to_own + r * s.n;
            const float* sum = sums + r * block;
            const int64_t columns = std::min(block, s.n - column);
            if (first)
              std::copy_n(sum, columns, to);
            else
              for (int64_t j = 0; j < columns; ++j) to[j] += sum[j];
          }
        }
    }
  }

  // Parts are as even as blocks of k can be.
  void run_split_k() const {
    const int64_t blocks = ceil_div(s.k, block), count = std::min<int64_t>(16, blocks), size = s.m * s.n, part = ceil_div(blocks, count) * block,
                  at_once = ceil_div(part, ceil_div(part, 12 * block) * block) * block;
    const auto begin_of = [&](int64_t index) { return std::min(s.k, index * blocks / count * block); };
    const Scratch<float, Device::cpu> memory(count * size);
    float* sums = memory.data();
    parallel_for(count, 1, [&](int64_t index, int64_t) {
      const Scratch<bfloat16, Device::cpu> rows(a_buffer(at_once)), panels(whole_blocks(s.n) * parts * at_once);
      const Multiplier multiplier;
      const int64_t begin = begin_of(index), end = begin_of(index + 1);
      for (int64_t k0 = begin; k0 < end; k0 += at_once)
        add_rows(multiplier, k0, std::min(at_once, end - k0), rows.data(), panels.data(), sums + index * size, k0 == begin);
    });
    parallel_for(size, 1 << 14, [&](int64_t first, int64_t last) {
      for (int64_t index = 1; index < count; ++index)
        for (int64_t e = first; e < last; ++e) sums[e] += sums[index * size + e];
      convert(sums + first, last - first, y + first);
    });
  }
};

}  // namespace ito::kernels::pairs
