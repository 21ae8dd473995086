#include "kernels/compare/compare.h"

#include "kernels/parallel.h"

namespace ito::kernels {

namespace {

template <class T>
void compare_reference(Comparison comparison, const T* a, const T* b, bool* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) switch (comparison) {
      case Comparison::equal:
        y[i] = a[i] == b[i];
        break;
      case Comparison::not_equal:
        y[i] = a[i] != b[i];
        break;
      case Comparison::less:
        y[i] = a[i] < b[i];
        break;
      case Comparison::less_equal:
        y[i] = a[i] <= b[i];
        break;
      case Comparison::greater:
        y[i] = a[i] > b[i];
        break;
      case Comparison::greater_equal:
        y[i] = a[i] >= b[i];
        break;
    }
}

template <class T>
void where_reference(const bool* condition, const T* a, const T* b, T* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = condition[i] ? a[i] : b[i];
}

constexpr int64_t grain = 1 << 14;

// The comparison is chosen once, outside of the loop.
template <class T>
void compare_parallel(Comparison comparison, const T* a, const T* b, bool* y, int64_t n) {
  const auto all = [=](auto&& holds) {
    parallel_for(n, grain, [=](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) y[i] = holds(a[i], b[i]);
    });
  };
  switch (comparison) {
    case Comparison::equal:
      return all([](T p, T q) { return p == q; });
    case Comparison::not_equal:
      return all([](T p, T q) { return p != q; });
    case Comparison::less:
      return all([](T p, T q) { return p < q; });
    case Comparison::less_equal:
      return all([](T p, T q) { return p <= q; });
    case Comparison::greater:
      return all([](T p, T q) { return p > q; });
    case Comparison::greater_equal:
      return all([](T p, T q) { return p >= q; });
  }
}

template <class T>
void where_parallel(const bool* condition, const T* a, const T* b, T* y, int64_t n) {
  parallel_for(n, grain, [=](int64_t first, int64_t last) { where_reference(condition + first, a + first, b + first, y + first, last - first); });
}

}  // namespace

ITO_REGISTER_KERNEL(Compare, Device::cpu, "reference", compare_reference, float, double, bfloat16, int64_t, int32_t, uint8_t, bool);
ITO_REGISTER_KERNEL(Compare, Device::cpu, "parallel", compare_parallel, float, double, bfloat16, int64_t, int32_t, uint8_t, bool);
ITO_REGISTER_KERNEL(Where, Device::cpu, "reference", where_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(Where, Device::cpu, "parallel", where_parallel, float, double, bfloat16);

}  // namespace ito::kernels
