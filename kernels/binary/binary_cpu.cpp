#include "kernels/binary/binary.h"

#include <cmath>

#include "kernels/parallel.h"
#include "kernels/store.h"

namespace ito::kernels {

namespace {

// A NaN in either operand gives NaN, as in IEEE 754-2019's maximum.
template <class T>
T larger(T a, T b) {
  return a > b || a != a ? a : b;
}
template <class T>
T smaller(T a, T b) {
  return a < b || a != a ? a : b;
}

// Calls f with the function of that kind, of what is computed in: float for bf16.
template <class A, class F>
void with_function(BinaryKind kind, F&& f) {
  switch (kind) {
    case BinaryKind::add:
      return f([](A a, A b) { return A(a + b); });
    case BinaryKind::sub:
      return f([](A a, A b) { return A(a - b); });
    case BinaryKind::mul:
      return f([](A a, A b) { return A(a * b); });
    case BinaryKind::div:
      return f([](A a, A b) { return A(a / b); });
    case BinaryKind::pow:
      return f([](A a, A b) { return A(std::pow(a, b)); });
    case BinaryKind::maximum:
      return f([](A a, A b) { return larger(a, b); });
    case BinaryKind::minimum:
      return f([](A a, A b) { return smaller(a, b); });
    case BinaryKind::left:
      return f([](A a, A) { return a; });
    case BinaryKind::is_equal:
      return f([](A a, A b) { return A(a == b ? 1 : 0); });
    case BinaryKind::is_greater:
      return f([](A a, A b) { return A(a > b ? 1 : 0); });
  }
}

// The definition: the index of every element is taken apart into one coordinate an axis.
template <class T>
void binary_reference(BinaryKind kind, const T* a, const T* b, T* y, const Broadcast& space) {
  using A = accumulate_t<T>;
  for (int64_t i = 0; i < space.numel(); ++i) {
    int64_t rest = i, ia = 0, ib = 0;
    for (int axis = space.rank - 1; axis >= 0; --axis) {
      const int64_t coordinate = rest % space.extent[axis];
      rest /= space.extent[axis];
      ia += coordinate * space.stride_a[axis];
      ib += coordinate * space.stride_b[axis];
    }
    with_function<A>(kind, [&](auto f) { y[i] = T(f(A(a[ia]), A(b[ib]))); });
  }
}

// Rows of the last axis are plain loops that the compiler vectorises, one for each pair of strides; rows and parts of long rows run in parallel.
template <class T>
void binary_fast(BinaryKind kind, const T* a, const T* b, T* y, const Broadcast& space) {
  using A = accumulate_t<T>;
  constexpr int64_t grain = 1 << 14;
  const int last = space.rank - 1;
  const int64_t row = space.extent[last], rows = row ? space.numel() / row : 0;
  const int64_t sa = space.stride_a[last], sb = space.stride_b[last];
  with_function<A>(kind, [&](auto f) {
    const auto part = [&](int64_t r, int64_t first, int64_t n) {
      int64_t rest = r, ia = first * sa, ib = first * sb;
      for (int axis = last - 1; axis >= 0; --axis) {
        const int64_t coordinate = rest % space.extent[axis];
        rest /= space.extent[axis];
        ia += coordinate * space.stride_a[axis];
        ib += coordinate * space.stride_b[axis];
      }
      const T *pa = a + ia, *pb = b + ib;
      T* out = y + r * row + first;
      const A left = A(*pa), right = A(*pb);
      if (sa && sb)
        store_each<A>(n, out, [=](int64_t i) { return f(A(pa[i]), A(pb[i])); });
      else if (sa)
        store_each<A>(n, out, [=](int64_t i) { return f(A(pa[i]), right); });
      else if (sb)
        store_each<A>(n, out, [=](int64_t i) { return f(left, A(pb[i])); });
      else
        std::fill_n(out, n, T(f(left, right)));
    };
    const int64_t parts = std::max<int64_t>(1, ceil_div(row, grain));  // of a row
    parallel_for(rows * parts, std::max<int64_t>(1, grain / std::max<int64_t>(1, row)), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t first = i % parts * grain;
        part(i / parts, first, std::min(grain, row - first));
      }
    });
  });
}

}  // namespace

ITO_REGISTER_KERNEL(Binary, Device::cpu, "reference", binary_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(Binary, Device::cpu, "fast", binary_fast, float, double, bfloat16);

}  // namespace ito::kernels
