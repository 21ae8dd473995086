// Elementwise comparison and choice: the rungs of kernels/cuda/elementwise.h.
#include "kernels/compare/compare.h"
#include "kernels/cuda/elementwise.h"

namespace ito::kernels {

namespace {

template <Comparison comparison, class T>
struct Holds {
  using A = accumulate_t<T>;
  __device__ bool operator()(T x, T y) const {
    const A a = A(x), b = A(y);
    if constexpr (comparison == Comparison::equal) return a == b;
    if constexpr (comparison == Comparison::not_equal) return a != b;
    if constexpr (comparison == Comparison::less) return a < b;
    if constexpr (comparison == Comparison::less_equal) return a <= b;
    if constexpr (comparison == Comparison::greater) return a > b;
    if constexpr (comparison == Comparison::greater_equal) return a >= b;
  }
};

template <class T>
struct Comparisons {
  template <Comparison comparison>
  using Of = Holds<comparison, T>;
};

template <class T>
struct Choice {
  __device__ T operator()(bool condition, T a, T b) const { return condition ? a : b; }
};

template <class T, int first = 0, class F>
void with_comparison(Comparison comparison, F&& f) {
  if constexpr (first <= int(Comparison::greater_equal)) {
    if (int(comparison) == first) return f(Holds<Comparison(first), T>{});
    with_comparison<T, first + 1>(comparison, f);
  }
}

template <class T>
void compare_naive(Comparison comparison, const T* a, const T* b, bool* y, int64_t n) {
  elementwise_naive(Chosen<Comparisons<T>, Comparison, int(Comparison::greater_equal) + 1>{comparison}, n, y, a, b);
}
template <class T>
void compare_vector(Comparison comparison, const T* a, const T* b, bool* y, int64_t n) {
  with_comparison<T>(comparison, [&](auto holds) { elementwise_vector(holds, n, y, a, b); });
}

template <class T>
void where_naive(const bool* condition, const T* a, const T* b, T* y, int64_t n) {
  elementwise_naive(Choice<T>{}, n, y, condition, a, b);
}
template <class T>
void where_vector(const bool* condition, const T* a, const T* b, T* y, int64_t n) {
  elementwise_vector(Choice<T>{}, n, y, condition, a, b);
}

}  // namespace

ITO_REGISTER_KERNEL(Compare, Device::cuda, "naive", compare_naive, float, double, bfloat16, int64_t, int32_t, uint8_t, bool);
ITO_REGISTER_KERNEL(Compare, Device::cuda, "vector", compare_vector, float, double, bfloat16, int64_t, int32_t, uint8_t, bool);
ITO_REGISTER_KERNEL(Where, Device::cuda, "naive", where_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(Where, Device::cuda, "vector", where_vector, float, double, bfloat16);

}  // namespace ito::kernels
