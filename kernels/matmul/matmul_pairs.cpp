#include "kernels/matmul/matmul_pairs.h"

namespace ito::kernels {

namespace {

template <class T>
void matmul_pairs(const T* a, const T* b, const T* bias, T* y, const MatmulShape& s) {
  const auto one = [&](int64_t i) {
    pairs::Multiplication<T>{a + s.a_index[size_t(i)] * s.m * s.k, b + s.b_index[size_t(i)] * s.k * s.n, bias, y + i * s.m * s.n, s}.run();
  };
  const int64_t batch = int64_t(s.a_index.size());
  if (batch == 1) return one(0);
  parallel_for(batch, 1, [&](int64_t i, int64_t) { one(i); });
}

}  // namespace

ITO_REGISTER_KERNEL(Matmul, Device::cpu, "pairs", matmul_pairs, bfloat16, float);

}  // namespace ito::kernels
