// Matmul of bfloat16 on the processor's instructions for it (kernels/gemm/pairs.h). B is packed once; tasks are blocks of y, which read A in place
// where its rows are whole blocks. A sum over many rows (transposed A: gradients of weights) is cut along k, and the parts are added in order.
#include "kernels/gemm/pairs.h"
#include "kernels/matmul/matmul.h"
#include "kernels/parallel.h"
#include "kernels/scratch.h"
#include "kernels/store.h"

namespace ito::kernels {

namespace {

using pairs::block;
using pairs::whole_blocks;
constexpr int64_t m_block = 4 * block, n_block = 8 * block;  // of y: one task

struct Multiplication {
  const bfloat16 *a, *b, *bias;
  bfloat16* y;
  const MatmulShape& s;

  // Panels of `block` columns one after the other, each with all of k.
  void pack_b(bfloat16* to) const {
    const int64_t panel = whole_blocks(s.k) * block;
    parallel_for(ceil_div(s.n, block), std::max<int64_t>(1, 65536 / std::max<int64_t>(1, panel)), [&](int64_t first, int64_t last) {
      for (int64_t j = first; j < last; ++j) {
        const int64_t column = j * block, columns = std::min(block, s.n - column);
        if (columns < block || s.k % block != 0) std::fill_n(to + j * panel, panel, bfloat16());
        if (s.transpose_b)
          pairs::interleave_turned(b + column * s.k, s.k, columns, s.k, to + j * panel, 2 * block);
        else
          pairs::interleave(b + column, s.n, s.k, columns, to + j * panel, 2 * block);
      }
    });
  }

  // Rows row ... row + rows - 1 of A, k0 ... k0 + k - 1, in whole blocks: where they lie, or copied to `buffer`.
  const bfloat16* rows_of_a(int64_t row, int64_t rows, int64_t k0, int64_t k, bfloat16* buffer, int64_t& stride) const {
    if (!s.transpose_a && rows % block == 0 && k % block == 0) {
      stride = s.k;
      return a + row * s.k + k0;
    }
    stride = whole_blocks(k) + block;
    if (k % block != 0) std::fill_n(buffer, whole_blocks(rows) * stride, bfloat16());
    if (s.transpose_a)
      pairs::turn(a + k0 * s.m + row, s.m, k, rows, buffer, stride);
    else
      for (int64_t i = 0; i < rows; ++i) std::copy_n(a + (row + i) * s.k + k0, k, buffer + i * stride);
    return buffer;
  }

  void run() const {
    if (s.m == 0 || s.n == 0) return;
    const bool long_sum = s.transpose_a && !bias && s.k >= 4096 && s.m * s.n <= (1 << 18);
    const int64_t part = long_sum ? ceil_div(s.k, 16 * block) * block : std::max<int64_t>(block, whole_blocks(s.k)),
                  parts = ceil_div(std::max<int64_t>(1, s.k), part);
    const Scratch<bfloat16, Device::cpu> packed(whole_blocks(s.n) * whole_blocks(s.k));
    const Scratch<float, Device::cpu> part_sums(parts > 1 ? parts * s.m * s.n : 0);
    pack_b(packed.data());
    const int64_t down = ceil_div(s.m, m_block), across = ceil_div(s.n, n_block);
    parallel_for(parts * down * across, 1, [&](int64_t task, int64_t) {
      const int64_t index = task / (down * across), row = task / across % down * m_block, column = task % across * n_block, k0 = index * part;
      const int64_t rows = std::min(m_block, s.m - row), columns = std::min(n_block, s.n - column), k = std::min(part, s.k - k0);
      const Scratch<bfloat16, Device::cpu> buffer(m_block * (whole_blocks(k) + block));
      const Scratch<float, Device::cpu> sums(m_block * n_block);
      int64_t stride = 0;
      const bfloat16* from = rows_of_a(row, rows, k0, k, buffer.data(), stride);
      const pairs::Multiplier multiply;
      const int64_t segment = 0;
      for (int64_t j = 0; j < columns; j += block)
        for (int64_t i = 0; i < rows; i += block)
          multiply({.a = from + i * stride,
                    .a_stride = stride,
                    .a_segments = &segment,
                    .segments = 1,
                    .steps = whole_blocks(k) / block,
                    .b = packed.data() + (column + j) * whole_blocks(s.k) + k0 * block,
                    .b_stride = 2 * block,
                    .c = sums.data() + i * n_block + j,
                    .c_stride = n_block,
                    .add = false});
      for (int64_t i = 0; i < rows; ++i) {
        const float* sum = sums.data() + i * n_block;
        const int64_t at = (row + i) * s.n + column;
        if (parts > 1)
          std::copy_n(sum, columns, part_sums.data() + index * s.m * s.n + at);
        else if (!bias)
          convert(sum, columns, y + at);
        else
#pragma omp simd
          for (int64_t j = 0; j < columns; ++j) store(y[at + j], sum[j] + float(bias[column + j]));
      }
    });
    if (parts > 1)
      parallel_for(s.m * s.n, 1 << 14, [&](int64_t first, int64_t last) {
        float* sums = part_sums.data();
        for (int64_t index = 1; index < parts; ++index)
          for (int64_t e = first; e < last; ++e) sums[e] += sums[index * s.m * s.n + e];
        convert(sums + first, last - first, y + first);
      });
  }
};

template <class T>
void matmul_pairs(const T* a, const T* b, const T* bias, T* y, const MatmulShape& s) {
  const auto one = [&](int64_t i) {
    Multiplication{a + s.a_index[size_t(i)] * s.m * s.k, b + s.b_index[size_t(i)] * s.k * s.n, bias, y + i * s.m * s.n, s}.run();
  };
  const int64_t batch = int64_t(s.a_index.size());
  if (batch == 1) return one(0);
  parallel_for(batch, 1, [&](int64_t i, int64_t) { one(i); });
}

}  // namespace

ITO_REGISTER_KERNEL(Matmul, Device::cpu, "pairs", matmul_pairs, bfloat16);

}  // namespace ito::kernels
