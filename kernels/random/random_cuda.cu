// Random numbers by element index: the rungs of kernels/cuda/elementwise.h, with nothing to read. A draw is a hundred integer instructions, in a
// chain of ten rounds; a thread that has 16 bytes of elements has as many chains to work on at a time. Limited by those instructions, and for the
// normal distribution by double's logarithm and cosine.
#include "kernels/cuda/elementwise.h"
#include "kernels/random/values.h"

namespace ito::kernels {

namespace {

template <class T>
struct UniformDraw {
  RandomKey key;
  int64_t first;
  double low, high;
  __device__ T operator()(At at) const { return uniform_value<T>(key, first + at.index, low, high); }
};

template <class T>
struct NormalDraw {
  RandomKey key;
  int64_t first;
  __device__ T operator()(At at) const { return normal_value<T>(key, first + at.index); }
};

template <class T>
struct IntegerDraw {
  RandomKey key;
  int64_t first, low, high;
  __device__ T operator()(At at) const { return randint_value<T>(key, first + at.index, low, high); }
};

template <class T>
void uniform_naive(T* y, int64_t n, RandomKey key, int64_t first, double low, double high) {
  elementwise_naive(UniformDraw<T>{key, first, low, high}, n, y);
}
template <class T>
void uniform_vector(T* y, int64_t n, RandomKey key, int64_t first, double low, double high) {
  elementwise_vector(UniformDraw<T>{key, first, low, high}, n, y);
}
template <class T>
void normal_naive(T* y, int64_t n, RandomKey key, int64_t first) {
  elementwise_naive(NormalDraw<T>{key, first}, n, y);
}
template <class T>
void normal_vector(T* y, int64_t n, RandomKey key, int64_t first) {
  elementwise_vector(NormalDraw<T>{key, first}, n, y);
}
template <class T>
void randint_naive(T* y, int64_t n, RandomKey key, int64_t first, int64_t low, int64_t high) {
  elementwise_naive(IntegerDraw<T>{key, first, low, high}, n, y);
}
template <class T>
void randint_vector(T* y, int64_t n, RandomKey key, int64_t first, int64_t low, int64_t high) {
  elementwise_vector(IntegerDraw<T>{key, first, low, high}, n, y);
}

}  // namespace

ITO_REGISTER_KERNEL(Uniform, Device::cuda, "naive", uniform_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(Uniform, Device::cuda, "vector", uniform_vector, float, double, bfloat16);
ITO_REGISTER_KERNEL(Normal, Device::cuda, "naive", normal_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(Normal, Device::cuda, "vector", normal_vector, float, double, bfloat16);
ITO_REGISTER_KERNEL(Randint, Device::cuda, "naive", randint_naive, int64_t);
ITO_REGISTER_KERNEL(Randint, Device::cuda, "vector", randint_vector, int64_t);

}  // namespace ito::kernels
