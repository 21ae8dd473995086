// y[b] (m, n) = op(A[a_index[b]]) op(B[b_index[b]]) + bias, op the transpose where asked; bias (n) is added to every row or null.
// A is (m, k), or (k, m) when transposed; B is (k, n), or (n, k). Matrices are dense and follow one another; y is overwritten.
#pragma once

#include <vector>

#include "kernels/registry.h"
#include "kernels/work.h"

namespace ito::kernels {

struct MatmulShape {
  int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false;
  std::vector<int64_t> a_index = {0}, b_index = {0};  // which matrix of A and of B goes into each of y's
};

template <class T>
using Matmul = Kernel<"matmul", T, void(const T* a, const T* b, const T* bias, T* y, const MatmulShape& shape)>;

constexpr Work matmul_work(int64_t batch, int64_t m, int64_t n, int64_t k, int64_t size) {
  return {.flops = 2.0 * double(batch * m) * double(n * k), .bytes = double(batch * (m * k + k * n + m * n) * size)};
}

}  // namespace ito::kernels
