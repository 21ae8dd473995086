// Sums and maxima of a row in 16 lanes, joined pairwise: vectorised, and in one fixed order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "tensor/dtype.h"

namespace ito::kernels {

constexpr int lanes = 16;

// term(c) for all c < cols, added in 16 lanes and then pairwise.
template <class T, class Term>
T lane_sum(int64_t cols, Term&& term) {
  T lane[lanes] = {};
  int64_t c = 0;
  for (; c + lanes <= cols; c += lanes)
#pragma omp simd
    for (int l = 0; l < lanes; ++l) lane[l] += term(c + l);
  for (int l = 0; c < cols; ++c, ++l) lane[l] += term(c);
  for (int half = lanes / 2; half > 0; half /= 2)
    for (int l = 0; l < half; ++l) lane[l] += lane[l + half];
  return lane[0];
}

// The largest of a row; if one is NaN the exponentials show it.
template <class T>
accumulate_t<T> lane_maximum(const T* x, int64_t cols) {
  using A = accumulate_t<T>;
  A lane[lanes];
  std::fill_n(lane, lanes, -std::numeric_limits<A>::infinity());
  int64_t c = 0;
  for (; c + lanes <= cols; c += lanes)
#pragma omp simd
    for (int l = 0; l < lanes; ++l) lane[l] = A(x[c + l]) > lane[l] ? A(x[c + l]) : lane[l];
  for (int l = 0; c < cols; ++c, ++l) lane[l] = std::max(lane[l], A(x[c]));
  return *std::max_element(lane, lane + lanes);
}

}  // namespace ito::kernels
