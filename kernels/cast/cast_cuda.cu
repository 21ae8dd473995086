// Conversion and filling: the rungs of kernels/cuda/elementwise.h.
#include "kernels/cast/cast.h"
#include "kernels/cuda/elementwise.h"

namespace ito::kernels {

namespace {

template <class From, class To>
struct Convert {
  __device__ To operator()(From x) const {
    if constexpr (std::is_same_v<From, bfloat16>)
      return To(float(x));
    else
      return To(x);
  }
};

template <class T>
struct Constant {
  T value;
  __device__ T operator()() const { return value; }
};

template <class To, class F>
void with_source(const void* x, DType from, F&& f) {
  dispatch<float, double, bfloat16, int64_t, int32_t, uint8_t, bool>(from, "cast",
                                                                     [&]<class From>() { f(static_cast<const From*>(x), Convert<From, To>{}); });
}

template <class To>
void cast_naive(const void* x, DType from, To* y, int64_t n) {
  with_source<To>(x, from, [&](auto* in, auto convert) { elementwise_naive(convert, n, y, in); });
}
template <class To>
void cast_vector(const void* x, DType from, To* y, int64_t n) {
  with_source<To>(x, from, [&](auto* in, auto convert) { elementwise_vector(convert, n, y, in); });
}

template <class T>
void fill_naive(T* y, int64_t n, T value) {
  elementwise_naive(Constant<T>{value}, n, y);
}
template <class T>
void fill_vector(T* y, int64_t n, T value) {
  elementwise_vector(Constant<T>{value}, n, y);
}

}  // namespace

ITO_REGISTER_KERNEL(Cast, Device::cuda, "naive", cast_naive, float, double, bfloat16, int64_t, int32_t, uint8_t, bool);
ITO_REGISTER_KERNEL(Cast, Device::cuda, "vector", cast_vector, float, double, bfloat16, int64_t, int32_t, uint8_t, bool);
ITO_REGISTER_KERNEL(Fill, Device::cuda, "naive", fill_naive, float, double, bfloat16, int64_t, int32_t, uint8_t, bool);
ITO_REGISTER_KERNEL(Fill, Device::cuda, "vector", fill_vector, float, double, bfloat16, int64_t, int32_t, uint8_t, bool);

}  // namespace ito::kernels
