// Values between the type that they are kept in and that of the arithmetic. store: a result in the type that it is kept in, for loops under `omp
// simd`: with y[i] = T(value) g++ 12 does not vectorise such a loop for bf16, as it makes an array of the bfloat16 objects between.
#pragma once

#include "tensor/dtype.h"

namespace ito::kernels {

template <class T, class A>
void store(T& to, A value) {
  if constexpr (std::is_same_v<T, bfloat16>)
    to.bits = bfloat16(value).bits;
  else
    to = T(value);
}

// to[i] = from[i], rounded where `To` is narrower.
template <class From, class To>
void convert(const From* from, int64_t n, To* to) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) store(to[i], from[i]);
}

}  // namespace ito::kernels
