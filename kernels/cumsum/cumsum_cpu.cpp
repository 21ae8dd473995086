#include "kernels/cumsum/cumsum.h"

#include "kernels/parallel.h"

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
  const int64_t block = s.extent * s.inner;
  parallel_for(s.outer, std::max<int64_t>(1, 8192 / std::max<int64_t>(1, block)), [=](int64_t first, int64_t last) {
    for (int64_t o = first; o < last; ++o)
      for (int64_t k = 0; k < s.extent; ++k) {
        const int64_t line = o * block + (s.backwards ? s.extent - 1 - k : k) * s.inner, before = line + (s.backwards ? s.inner : -s.inner);
        for (int64_t c = 0; c < s.inner; ++c) y[line + c] = k == 0 ? x[line + c] : y[before + c] + x[line + c];
      }
  });
}

}  // namespace

ITO_REGISTER_KERNEL(Cumsum, Device::cpu, "reference", cumsum_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(Cumsum, Device::cpu, "lines", cumsum_lines, float, double);

}  // namespace ito::kernels
