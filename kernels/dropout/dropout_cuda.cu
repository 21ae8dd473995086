// Dropout: the rungs of kernels/cuda/elementwise.h. A draw is a hundred integer instructions an element, in a chain of ten rounds; a thread that has
// 16 bytes of elements has as many chains to work on at a time. Limited by those instructions.
#include "kernels/cuda/elementwise.h"
#include "kernels/dropout/dropout.h"

namespace ito::kernels {

namespace {

template <class T>
struct Dropped {
  RandomKey key;
  uint32_t threshold;
  accumulate_t<T> scale;
  Dropped(RandomKey k, double p) : key(k), threshold(dropout_threshold(p)), scale(accumulate_t<T>(1 / (1 - p))) {}
  __device__ T operator()(At at, T x) const { return dropout_value(x, key, at.index, threshold, scale); }
};

template <class T>
void dropout_naive(const T* x, T* y, int64_t n, double p, RandomKey key) {
  elementwise_naive(Dropped<T>(key, p), n, y, x);
}
template <class T>
void dropout_vector(const T* x, T* y, int64_t n, double p, RandomKey key) {
  elementwise_vector(Dropped<T>(key, p), n, y, x);
}

}  // namespace

ITO_REGISTER_KERNEL(Dropout, Device::cuda, "naive", dropout_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(Dropout, Device::cuda, "vector", dropout_vector, float, double, bfloat16);

}  // namespace ito::kernels
