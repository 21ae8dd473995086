#include "kernels/dropout/dropout.h"

#include "kernels/parallel.h"

namespace ito::kernels {

namespace {

template <class T>
void dropout_reference(const T* x, T* y, int64_t first, int64_t last, double p, RandomKey key) {
  const T scale = T(1 / (1 - p));
  for (int64_t i = first; i < last; ++i) y[i] = (random_bits(key, i)[0] >> 8) * 0x1p-24 >= p ? T(x[i] * scale) : T(0.0f);
}

template <class T>
void dropout_serial(const T* x, T* y, int64_t n, double p, RandomKey key) {
  dropout_reference(x, y, 0, n, p, key);
}

template <class T>
void dropout_parallel(const T* x, T* y, int64_t n, double p, RandomKey key) {
  parallel_for(n, 1 << 13, [=](int64_t first, int64_t last) { dropout_reference(x, y, first, last, p, key); });
}

}  // namespace

ITO_REGISTER_KERNEL(Dropout, Device::cpu, "reference", dropout_serial, float, double);
ITO_REGISTER_KERNEL(Dropout, Device::cpu, "parallel", dropout_parallel, float, double);

}  // namespace ito::kernels
