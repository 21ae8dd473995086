#include "kernels/matmul/matmul.h"

#include "kernels/gemm/gemm.h"

namespace ito::kernels {

namespace {

// The definition, summed in double.
template <class T>
void matmul_reference(const T* a, const T* b, const T* bias, T* y, const MatmulShape& s) {
  for (size_t matrix = 0; matrix < s.a_index.size(); ++matrix) {
    const T *am = a + s.a_index[matrix] * s.m * s.k, *bm = b + s.b_index[matrix] * s.k * s.n;
    T* out = y + int64_t(matrix) * s.m * s.n;
    for (int64_t i = 0; i < s.m; ++i)
      for (int64_t j = 0; j < s.n; ++j) {
        double sum = bias ? double(bias[j]) : 0;
        for (int64_t p = 0; p < s.k; ++p)
          sum += double(s.transpose_a ? am[p * s.m + i] : am[i * s.k + p]) * double(s.transpose_b ? bm[j * s.k + p] : bm[p * s.n + j]);
        out[i * s.n + j] = T(sum);
      }
  }
}

// Packed and blocked (kernels/gemm). A sum over many rows (transposed A: gradients of weights) is cut along k.
template <class T>
void multiply(const T* a, const T* b, const T* bias, T* y, const MatmulShape& s) {
  using A = accumulate_t<T>;
  using G = Gemm<A>;
  const auto columns_of_a = [&](int64_t k0, int64_t k, A* out) { G::template cut<G::mr>(a + k0 * s.m, s.m, s.m, k, out, G::mr * G::a_stride); };
  const auto rows_of_a = [&](int64_t row, int64_t rows, int64_t k0, int64_t k, A* out) {
    if (s.transpose_a) return G::turn(a + k0 * s.m + row, s.m, k, rows, s.m - row, out, G::a_stride, k);
    for (int64_t i = 0; i < rows; ++i) convert(a + (row + i) * s.k + k0, k, out + i * G::a_stride);
  };
  const auto pack_b = [&](int64_t col, int64_t cols, int64_t k0, int64_t k, A* out) {
    if (!s.transpose_b) return G::template cut<G::nr>(b + k0 * s.n + col, s.n, cols, k, out, k * G::nr);
    for (int64_t j = 0; j < cols; j += G::nr)
      G::turn(b + (col + j) * s.k + k0, s.k, std::min<int64_t>(G::nr, cols - j), k, k, out + j * k, G::nr, G::nr);
  };
  if (s.transpose_a && !bias && s.k >= 16 * G::k_block && s.m * s.n <= (1 << 18))
    G::run_split_k(s.m, s.n, s.k, columns_of_a, pack_b, y);
  else
    G::run(s.m, s.n, s.k, rows_of_a, pack_b, y, s.n, bias);
}

template <class T>
void matmul_packed(const T* a, const T* b, const T* bias, T* y, const MatmulShape& s) {
  const int64_t batch = int64_t(s.a_index.size());
  const auto one = [&](int64_t i) {
    multiply(a + s.a_index[size_t(i)] * s.m * s.k, b + s.b_index[size_t(i)] * s.k * s.n, bias, y + i * s.m * s.n, s);
  };
  if (batch == 1) return one(0);
  parallel_for(batch, 1, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) one(i);
  });
}

}  // namespace

ITO_REGISTER_KERNEL(Matmul, Device::cpu, "reference", matmul_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(Matmul, Device::cpu, "packed", matmul_packed, float, double, bfloat16);

}  // namespace ito::kernels
