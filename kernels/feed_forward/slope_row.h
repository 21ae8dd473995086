// The activation and its derivative for a stretch of numbers, as the CPU kernels take it.
#pragma once

#include <algorithm>

#include "kernels/bias_activation/bias_activation.h"
#include "kernels/store.h"
#include "kernels/unary/math.h"

namespace ito::kernels {

// y[i] = f(z[i]), slope[i] = f'(z[i]); what both have in common is worked out once. slope may be z.
template <UnaryKind f, class Z, class T>
void slope_row(const Z* z, int64_t n, T* y, T* slope) {
  using A = accumulate_t<T>;
  constexpr int64_t at_once = 256;
  A values[at_once], slopes[at_once];
  for (int64_t first = 0; first < n; first += at_once) {
    const int64_t count = std::min(at_once, n - first);
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) {
      const A at = A(z[first + i]);
      values[i] = unary_value<f, FastMath, A>(at);
      slopes[i] = activation_derivative<f, FastMath, A>(at);
    }
    convert(values, count, y + first);
    convert(slopes, count, slope + first);
  }
}

}  // namespace ito::kernels
