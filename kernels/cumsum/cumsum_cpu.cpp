#include "kernels/cumsum/cumsum.h"

#include "kernels/parallel.h"
#include "kernels/scratch.h"
#include "kernels/store.h"

namespace ito::kernels {

namespace {

template <class T>
void cumsum_reference(const T* x, T* y, const CumsumShape& s) {
  for (int64_t o = 0; o < s.outer; ++o)
    for (int64_t c = 0; c < s.inner; ++c) {
      double sum = 0;
      for (int64_t k = 0; k < s.extent; ++k) {
        const int64_t i = s.backwards ? s.extent - 1 - k : k, at = (o * s.extent + i) * s.inner + c;
        sum += double(x[at]);
        y[at] = T(sum);
      }
    }
}

// Outer blocks in parallel; along the inner extent the additions are vectors.
template <class T>
void cumsum_lines(const T* x, T* y, const CumsumShape& s) {
  using A = accumulate_t<T>;
  const int64_t block = s.extent * s.inner;
  parallel_for(s.outer, std::max<int64_t>(1, 8192 / std::max<int64_t>(1, block)), [=](int64_t first, int64_t last) {
    const Scratch<A, Device::cpu> sums(s.inner);
    A* const sum = sums.data();
    for (int64_t o = first; o < last; ++o) {
      std::fill_n(sum, s.inner, A(0));
      for (int64_t k = 0; k < s.extent; ++k) {
        const int64_t line = o * block + (s.backwards ? s.extent - 1 - k : k) * s.inner;
#pragma omp simd
        for (int64_t c = 0; c < s.inner; ++c) {
          sum[c] += A(x[line + c]);
          store(y[line + c], sum[c]);
        }
      }
    }
  });
}

}  // namespace

ITO_REGISTER_KERNEL(Cumsum, Device::cpu, "reference", cumsum_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(Cumsum, Device::cpu, "lines", cumsum_lines, float, double, bfloat16);

}  // namespace ito::kernels
