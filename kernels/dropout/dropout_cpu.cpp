#include "kernels/dropout/dropout.h"

#include "kernels/parallel.h"

namespace ito::kernels {

namespace {

template <class T>
void dropout_reference(const T* x, T* y, int64_t first, int64_t last, double p, RandomKey key) {
  const auto scale = accumulate_t<T>(1 / (1 - p));
  const uint32_t threshold = dropout_threshold(p);
  for (int64_t i = first; i < last; ++i) y[i] = dropout_value(x[i], key, i, threshold, scale);
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

ITO_REGISTER_KERNEL(Dropout, Device::cpu, "reference", dropout_serial, float, double, bfloat16);
ITO_REGISTER_KERNEL(Dropout, Device::cpu, "parallel", dropout_parallel, float, double, bfloat16);

}  // namespace ito::kernels
