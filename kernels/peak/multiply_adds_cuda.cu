// chains   a thread keeps eight elements in registers, so that a multiply-add need not wait for the one before.
#include "kernels/cuda/cuda.h"
#include "kernels/peak/multiply_adds.h"

namespace ito::kernels {

namespace {

constexpr int threads = 256, chains = 8;

// occupancy: >= 75 %
template <class T>
__global__ void __launch_bounds__(threads) chains_of(T* y, int64_t n, T factor, int64_t rounds) {
  const int64_t first = int64_t(blockIdx.x) * threads * chains + threadIdx.x;
  T s[chains];
#pragma unroll
  for (int c = 0; c < chains; ++c) s[c] = first + c * threads < n ? y[first + c * threads] : T(0);
  for (int64_t r = 0; r < rounds; ++r) {
#pragma unroll
    for (int c = 0; c < chains; ++c) s[c] = s[c] * factor + T(1);
  }
#pragma unroll
  for (int c = 0; c < chains; ++c)
    if (first + c * threads < n) y[first + c * threads] = s[c];
}

template <class T>
void multiply_adds_chains(T* y, int64_t n, T factor, int64_t rounds) {
  if (n == 0) return;
  launch(&chains_of<T>, {unsigned((n + threads * chains - 1) / (threads * chains)), threads}, y, n, factor, rounds);
}

}  // namespace

ITO_REGISTER_KERNEL(MultiplyAdds, Device::cuda, "chains", multiply_adds_chains, float, double);

}  // namespace ito::kernels
