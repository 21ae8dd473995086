// Both rungs of kernels/cuda/elementwise.h: the values by those of Unary, then the slopes, which may take the place of what they are slopes of.
#include "kernels/cuda/elementwise.h"
#include "kernels/feed_forward/feed_forward.h"

namespace ito::kernels {

namespace {

template <UnaryKind f, class T>
struct Slope {
  using A = accumulate_t<T>;
  __device__ T operator()(T z) const { return T(activation_derivative<f, DeviceMath, A>(A(z))); }
};

template <class T>
void naive(UnaryKind f, const T* z, T* y, T* slope, int64_t n) {
  Unary<T>::named(Device::cuda, "naive")(f, z, y, n);
  with_activation(f, [&]<UnaryKind k>() { elementwise_naive(Slope<k, T>{}, n, slope, z); });
}

template <class T>
void vector(UnaryKind f, const T* z, T* y, T* slope, int64_t n) {
  Unary<T>::named(Device::cuda, "vector")(f, z, y, n);
  with_activation(f, [&]<UnaryKind k>() { elementwise_vector(Slope<k, T>{}, n, slope, z); });
}

}  // namespace

ITO_REGISTER_KERNEL(FeedForwardSlope, Device::cuda, "naive", naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(FeedForwardSlope, Device::cuda, "vector", vector, float, double, bfloat16);

}  // namespace ito::kernels
