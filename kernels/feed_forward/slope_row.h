// The activation and its derivative for a stretch of numbers, as the CPU kernels take it.
#pragma once

#include <algorithm>

#include "kernels/bias_activation/bias_activation.h"
#include "kernels/store.h"
#include "kernels/unary/math.h"

namespace ito::kernels {

// y[i] = f(value(i)), slope[i] = f'(value(i)) in A; what both have in common is worked out once. value may read slope.
template <UnaryKind f, class A, class T, class Value>
void slope_row(int64_t n, Value&& value, T* y, T* slope) {
  constexpr int64_t at_once = 256;
  A values[at_once], slopes[at_once];
  for (int64_t first = 0; first < n; first += at_once) {
    const int64_t count = std::min(at_once, n - first);
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) {
      const A z = value(first + i);
      values[i] = unary_value<f, FastMath, A>(z);
      slopes[i] = activation_derivative<f, FastMath, A>(z);
    }
    convert(values, count, y + first);
    convert(slopes, count, slope + first);
  }
}

}  // namespace ito::kernels
