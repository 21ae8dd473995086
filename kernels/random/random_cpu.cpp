#include "kernels/parallel.h"
#include "kernels/random/values.h"

namespace ito::kernels {

namespace {

constexpr int64_t grain = 1 << 12;

template <class T>
void uniform_reference(T* y, int64_t n, RandomKey key, int64_t first, double low, double high) {
  for (int64_t i = 0; i < n; ++i) y[i] = uniform_value<T>(key, first + i, low, high);
}

template <class T>
void normal_reference(T* y, int64_t n, RandomKey key, int64_t first) {
  for (int64_t i = 0; i < n; ++i) y[i] = normal_value<T>(key, first + i);
}

template <class T>
void randint_reference(T* y, int64_t n, RandomKey key, int64_t first, int64_t low, int64_t high) {
  for (int64_t i = 0; i < n; ++i) y[i] = randint_value<T>(key, first + i, low, high);
}

// The same values, to the bit, on several threads.
template <class T>
void uniform_threaded(T* y, int64_t n, RandomKey key, int64_t first, double low, double high) {
  parallel_for(n, grain, [=](int64_t a, int64_t b) { uniform_reference(y + a, b - a, key, first + a, low, high); });
}

template <class T>
void normal_threaded(T* y, int64_t n, RandomKey key, int64_t first) {
  parallel_for(n, grain, [=](int64_t a, int64_t b) { normal_reference(y + a, b - a, key, first + a); });
}

template <class T>
void randint_threaded(T* y, int64_t n, RandomKey key, int64_t first, int64_t low, int64_t high) {
  parallel_for(n, grain, [=](int64_t a, int64_t b) { randint_reference(y + a, b - a, key, first + a, low, high); });
}

}  // namespace

ITO_REGISTER_KERNEL(Uniform, Device::cpu, "reference", uniform_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(Uniform, Device::cpu, "threaded", uniform_threaded, float, double, bfloat16);
ITO_REGISTER_KERNEL(Normal, Device::cpu, "reference", normal_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(Normal, Device::cpu, "threaded", normal_threaded, float, double, bfloat16);
ITO_REGISTER_KERNEL(Randint, Device::cpu, "reference", randint_reference, int64_t);
ITO_REGISTER_KERNEL(Randint, Device::cpu, "threaded", randint_threaded, int64_t);

}  // namespace ito::kernels
