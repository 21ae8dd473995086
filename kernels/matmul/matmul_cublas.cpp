// Matrix products by NVIDIA's cuBLAS. Built with ITO_CUDA=ON where the library is found.
//
// cuBLAS counts along columns. A row-major matrix read that way is its transpose, so it is asked for y^T = op(B)^T op(A)^T, the operands
// change places, and nothing is moved. f32 sums in f32 (no TF32), bf16 in f32, f64 in f64.
#include <cublas_v2.h>

#include "kernels/binary/binary.h"
#include "kernels/cuda/host.h"
#include "kernels/matmul/matmul.h"

namespace ito::kernels {

namespace {

#define ITO_CUBLAS_CHECK(call)                                                                                      \
  do {                                                                                                              \
    const cublasStatus_t status = (call);                                                                           \
    if (status != CUBLAS_STATUS_SUCCESS) cuda::fail_call(cublasGetStatusString(status), #call, __FILE__, __LINE__); \
  } while (false)

cublasHandle_t handle() {
  static const cublasHandle_t only = [] {
    cublasHandle_t created = nullptr;
    ITO_CUBLAS_CHECK(cublasCreate(&created));
    ITO_CUBLAS_CHECK(cublasSetStream(created, cuda::stream()));
    return created;
  }();
  return only;
}

template <class T>
constexpr cudaDataType data_type = std::is_same_v<T, bfloat16> ? CUDA_R_16BF
                                   : std::is_same_v<T, double> ? CUDA_R_64F
                                                               : CUDA_R_32F;
template <class T>
constexpr cublasComputeType_t compute_type = std::is_same_v<T, double> ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F;

// How many of the products from `first` on step by the same distances from matrix to matrix of A and of B: they are one strided call.
size_t equal_steps(const MatmulShape& s, size_t first) {
  const size_t count = s.a_index.size();
  size_t end = first + 1;
  if (end == count) return 1;
  const int64_t step_a = s.a_index[end] - s.a_index[first], step_b = s.b_index[end] - s.b_index[first];
  if (step_a < 0 || step_b < 0) return 1;
  while (end < count && s.a_index[end] - s.a_index[end - 1] == step_a && s.b_index[end] - s.b_index[end - 1] == step_b) ++end;
  return end - first;
}

template <class T>
void matmul_cublas(const T* a, const T* b, const T* bias, T* y, const MatmulShape& s) {
  const int64_t products = int64_t(s.a_index.size());
  if (products * s.m * s.n == 0) return;
  // The bias is put into y before, and added to: y is rounded once.
  if (bias) {
    const Broadcast rows = Broadcast::of(Shape{s.n}, Shape{s.n}, Shape{products * s.m, s.n});
    Binary<T>::on(Device::cuda)(BinaryKind::left, bias, bias, y, rows);
  } else if (s.k == 0) {
    ITO_CUDA_CHECK(cudaMemsetAsync(y, 0, size_t(products * s.m * s.n) * sizeof(T), cuda::stream()));
  }
  if (s.k == 0) return;
  const accumulate_t<T> alpha = 1, beta = bias ? 1 : 0;
  for (size_t first = 0; first < s.a_index.size();) {
    const size_t count = equal_steps(s, first);
    const int64_t step_a = count > 1 ? s.a_index[first + 1] - s.a_index[first] : 0, step_b = count > 1 ? s.b_index[first + 1] - s.b_index[first] : 0;
    ITO_CUBLAS_CHECK(cublasGemmStridedBatchedEx_64(
        handle(), s.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N, s.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N, s.n, s.m, s.k, &alpha,
        b + s.b_index[first] * s.k * s.n, data_type<T>, s.transpose_b ? s.k : s.n, step_b * s.k * s.n,  //
        a + s.a_index[first] * s.m * s.k, data_type<T>, s.transpose_a ? s.m : s.k, step_a * s.m * s.k, &beta, y + int64_t(first) * s.m * s.n,
        data_type<T>, s.n, s.m * s.n, int64_t(count), compute_type<T>, CUBLAS_GEMM_DEFAULT));
    first += count;
  }
}

}  // namespace

ITO_REGISTER_KERNEL(Matmul, Device::cuda, "cublas", matmul_cublas, float, double, bfloat16);

}  // namespace ito::kernels
