// Functions of one tensor and their derivatives: both rungs of kernels/cuda/elementwise.h.
#include "kernels/cuda/elementwise.h"
#include "kernels/unary/functions.h"
#include "tensor/error.h"

namespace ito::kernels {

namespace {

template <UnaryKind kind, class T>
struct Value {
  using A = accumulate_t<T>;
  __device__ T operator()(T x) const { return T(unary_value<kind, DeviceMath, A>(A(x))); }
};

template <UnaryKind kind, class T>
struct Derivative {  // times dy; `saved` is x or y, as derivative_needs() says
  using A = accumulate_t<T>;
  __device__ T operator()(T saved, T dy) const {
    constexpr bool of_input = derivative_needs(kind) == DerivativeNeeds::input;
    return T(A(dy) * unary_derivative<kind, DeviceMath, A>(of_input ? A(saved) : A(0), of_input ? A(0) : A(saved)));
  }
};

template <class T>
struct Values {
  template <UnaryKind kind>
  using Of = Value<kind, T>;
};
template <class T>
struct Derivatives {
  template <UnaryKind kind>
  using Of = Derivative<kind, T>;
};

// The bounds are doubles. x >= low holds for an x of the type A where x >= the smallest A that is not below low, and likewise above.
template <class T>
struct Bounds {
  using A = accumulate_t<T>;
  A low, high;              // rounded to nearest: the values
  A inner_low, inner_high;  // rounded inwards: what x is compared with
  Bounds(double lo, double hi) : low(A(lo)), high(A(hi)), inner_low(low), inner_high(high) {
    if (double(low) < lo) inner_low = std::nextafter(low, A(INFINITY));
    if (double(high) > hi) inner_high = std::nextafter(high, A(-INFINITY));
  }
};

template <class T>
struct Clamped {
  Bounds<T> bounds;
  __device__ T operator()(T x) const {
    const auto a = accumulate_t<T>(x);
    return a < bounds.inner_low ? T(bounds.low) : a > bounds.inner_high ? T(bounds.high) : x;
  }
};

template <class T>
struct ClampedDerivative {
  Bounds<T> bounds;
  __device__ T operator()(T x, T dy) const {
    const auto a = accumulate_t<T>(x);
    return bounds.inner_low <= a && a <= bounds.inner_high ? dy : T(0);
  }
};

template <class T>
void unary_naive(UnaryKind kind, const T* x, T* y, int64_t n) {
  elementwise_naive(Chosen<Values<T>, UnaryKind, unary_kinds>{kind}, n, y, x);
}
template <class T>
void unary_vector(UnaryKind kind, const T* x, T* y, int64_t n) {
  with_kind(kind, [&]<UnaryKind k>() { elementwise_vector(Value<k, T>{}, n, y, x); });
}

// Functions with a constant derivative have no kernel: the rule knows it.
template <class T>
const T* saved_for(UnaryKind kind, const T* x, const T* y) {
  ITO_CHECK(derivative_needs(kind) != DerivativeNeeds::nothing, "the derivative of function ", int(kind), " is a constant: no kernel is needed");
  return derivative_needs(kind) == DerivativeNeeds::input ? x : y;
}
template <class T>
void unary_backward_naive(UnaryKind kind, const T* x, const T* y, const T* dy, T* dx, int64_t n) {
  elementwise_naive(Chosen<Derivatives<T>, UnaryKind, unary_kinds>{kind}, n, dx, saved_for(kind, x, y), dy);
}
template <class T>
void unary_backward_vector(UnaryKind kind, const T* x, const T* y, const T* dy, T* dx, int64_t n) {
  const T* saved = saved_for(kind, x, y);
  with_kind(kind, [&]<UnaryKind k>() {
    if constexpr (derivative_needs(k) != DerivativeNeeds::nothing) elementwise_vector(Derivative<k, T>{}, n, dx, saved, dy);
  });
}

template <class T>
void clamp_naive(const T* x, T* y, int64_t n, double low, double high) {
  elementwise_naive(Clamped<T>{{low, high}}, n, y, x);
}
template <class T>
void clamp_vector(const T* x, T* y, int64_t n, double low, double high) {
  elementwise_vector(Clamped<T>{{low, high}}, n, y, x);
}
template <class T>
void clamp_backward_naive(const T* x, const T* dy, T* dx, int64_t n, double low, double high) {
  elementwise_naive(ClampedDerivative<T>{{low, high}}, n, dx, x, dy);
}
template <class T>
void clamp_backward_vector(const T* x, const T* dy, T* dx, int64_t n, double low, double high) {
  elementwise_vector(ClampedDerivative<T>{{low, high}}, n, dx, x, dy);
}

}  // namespace

ITO_REGISTER_KERNEL(Unary, Device::cuda, "naive", unary_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(Unary, Device::cuda, "vector", unary_vector, float, double, bfloat16);
ITO_REGISTER_KERNEL(UnaryBackward, Device::cuda, "naive", unary_backward_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(UnaryBackward, Device::cuda, "vector", unary_backward_vector, float, double, bfloat16);
ITO_REGISTER_KERNEL(Clamp, Device::cuda, "naive", clamp_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(Clamp, Device::cuda, "vector", clamp_vector, float, double, bfloat16);
ITO_REGISTER_KERNEL(ClampBackward, Device::cuda, "naive", clamp_backward_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(ClampBackward, Device::cuda, "vector", clamp_backward_vector, float, double, bfloat16);

}  // namespace ito::kernels
