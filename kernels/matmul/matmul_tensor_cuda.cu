// y = op(A) op(B) + bias in bf16.
//
// 5. tensor    the double-buffered loop feeds tensor cores: kernels/gemm/tensor_cuda.h.
#include "kernels/gemm/tensor_cuda.h"

namespace ito::kernels {

namespace {

template <bool transpose_a, bool transpose_b, class T>
void multiply(const T* a, const T* b, const T* bias, T* y, const MatmulShape& s) {
  for_each_run(s, [&](const IndexRun& ra, const IndexRun& rb, int64_t first, int64_t count) {
    const MatrixLayout<T, std::bool_constant<!transpose_a>> a_layout({}, s.m, s.k, transpose_a ? s.m : s.k, s.m * s.k, ra);
    const MatrixLayout<T, std::bool_constant<transpose_b>> b_layout({}, s.n, s.k, transpose_b ? s.k : s.n, s.k * s.n, rb);
    WithTensorCores<!transpose_a, transpose_b>()(GemmShape(s.m, s.n, s.k, count), a_layout, b_layout,
                                                 MatrixResult<T>{.row_stride = s.n, .matrix_stride = s.m * s.n}, a, b, bias, y + first * s.m * s.n);
  });
}

template <class T>
void matmul_tensor(const T* a, const T* b, const T* bias, T* y, const MatmulShape& s) {
  if (s.transpose_a)
    s.transpose_b ? multiply<true, true>(a, b, bias, y, s) : multiply<true, false>(a, b, bias, y, s);
  else
    s.transpose_b ? multiply<false, true>(a, b, bias, y, s) : multiply<false, false>(a, b, bias, y, s);
}

}  // namespace

ITO_REGISTER_KERNEL(Matmul, Device::cuda, "tensor", matmul_tensor, bfloat16);

}  // namespace ito::kernels
