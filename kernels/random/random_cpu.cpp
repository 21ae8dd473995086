#include "kernels/random/random.h"

#include <cmath>
#include <numbers>

#include "kernels/parallel.h"

namespace ito::kernels {

namespace {

constexpr int64_t grain = 1 << 12;

template <class T>
T uniform_value(RandomKey key, int64_t index, double low, double high) {
  const double u = double(random_bits(key, index)[0] >> 8) * 0x1p-24;
  return T(low + (high - low) * u);
}

template <class T>
T normal_value(RandomKey key, int64_t index) {
  const PhiloxCounter bits = random_bits(key, index);
  const double u1 = (double(bits[0]) + 1) * 0x1p-32, u2 = double(bits[1]) * 0x1p-32;
  return T(std::sqrt(-2 * std::log(u1)) * std::cos(2 * std::numbers::pi * u2));
}

template <class T>
T randint_value(RandomKey key, int64_t index, int64_t low, int64_t high) {
  const PhiloxCounter bits = random_bits(key, index);
  const uint64_t r = uint64_t(bits[1]) << 32 | bits[0], range = uint64_t(high) - uint64_t(low);
  const uint64_t upper = (r >> 32) * range, lower = (r & 0xffffffffU) * range;  // (r * range) >> 64 for ranges below 2^32
  return T(low + int64_t((upper + (lower >> 32)) >> 32));
}

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

ITO_REGISTER_KERNEL(Uniform, Device::cpu, "reference", uniform_reference, float, double);
ITO_REGISTER_KERNEL(Uniform, Device::cpu, "threaded", uniform_threaded, float, double);
ITO_REGISTER_KERNEL(Normal, Device::cpu, "reference", normal_reference, float, double);
ITO_REGISTER_KERNEL(Normal, Device::cpu, "threaded", normal_threaded, float, double);
ITO_REGISTER_KERNEL(Randint, Device::cpu, "reference", randint_reference, int64_t);
ITO_REGISTER_KERNEL(Randint, Device::cpu, "threaded", randint_threaded, int64_t);

}  // namespace ito::kernels
