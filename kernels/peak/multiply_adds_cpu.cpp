#include "kernels/peak/multiply_adds.h"

#include "kernels/parallel.h"

namespace ito::kernels {

namespace {

template <class T>
void multiply_adds_reference(T* y, int64_t n, T factor, int64_t rounds) {
  for (int64_t i = 0; i < n; ++i) {
    double s = y[i];
    for (int64_t r = 0; r < rounds; ++r) s = s * double(factor) + 1;
    y[i] = T(s);
  }
}

// 256 independent chains at a time: enough to hide the latency of a multiply-add in vectors of any width.
template <class T>
void multiply_adds_chains(T* y, int64_t n, T factor, int64_t rounds) {
  constexpr int chains = 256;
  parallel_for(n, chains, [=](int64_t first, int64_t last) {
    T s[chains] = {};
    std::copy(y + first, y + last, s);
    for (int64_t r = 0; r < rounds; ++r)
#pragma omp simd
      for (int c = 0; c < chains; ++c) s[c] = s[c] * factor + 1;
    std::copy(s, s + (last - first), y + first);
  });
}

}  // namespace

ITO_REGISTER_KERNEL(MultiplyAdds, Device::cpu, "reference", multiply_adds_reference, float, double);
ITO_REGISTER_KERNEL(MultiplyAdds, Device::cpu, "chains", multiply_adds_chains, float, double);

}  // namespace ito::kernels
