// y = op(A) op(B) + bias: the rungs that keep blocks of results in registers.
//
// 3. register          a block of results a thread, tiles of 128x128, 64x64 or 32x32 by what fills the device.
// 4. double_buffered   the same, with the next tile on its way. What each gains: kernels/gemm/tile_cuda.h.
// Few results of a long sum are cut along k, and added in a second pass.
#include "kernels/gemm/tile_cuda.h"

namespace ito::kernels {

namespace {

template <int buffers, class T>
void multiply(const T* a, const T* b, const T* bias, T* y, const MatmulShape& s) {
  for_each_run(s, [&](const IndexRun& ra, const IndexRun& rb, int64_t first, int64_t count) {
    const MatrixLayout<T> a_layout(!s.transpose_a, s.m, s.k, s.transpose_a ? s.m : s.k, s.m * s.k, ra);
    const MatrixLayout<T> b_layout(s.transpose_b, s.n, s.k, s.transpose_b ? s.k : s.n, s.k * s.n, rb);
    WithRegisters<buffers>()(GemmShape(s.m, s.n, s.k, count), a_layout, b_layout, MatrixResult<T>{.row_stride = s.n, .matrix_stride = s.m * s.n}, a,
                             b, bias, y + first * s.m * s.n);
  });
}

template <class T>
void matmul_register(const T* a, const T* b, const T* bias, T* y, const MatmulShape& s) {
  multiply<1>(a, b, bias, y, s);
}
template <class T>
void matmul_double_buffered(const T* a, const T* b, const T* bias, T* y, const MatmulShape& s) {
  multiply<2>(a, b, bias, y, s);
}

}  // namespace

ITO_REGISTER_KERNEL(Matmul, Device::cuda, "register", matmul_register, float, double, bfloat16);
ITO_REGISTER_KERNEL(Matmul, Device::cuda, "double_buffered", matmul_double_buffered, float, double, bfloat16);

}  // namespace ito::kernels
