// For variants on the device that transform lines of neighbours: other lines are copied there and back.
#pragma once

#include "kernels/fft/fft.h"
#include "kernels/strided/strided.h"
#include "tensor/memory.h"

namespace ito::kernels {

// transform(x, y, lines, n, inverse) takes (lines, n, 2).
template <class T>
void fft_by_last_axis(void (*transform)(const T*, T*, int64_t, int64_t, bool), const T* x, T* y, int64_t outer, int64_t n, int64_t inner,
                      bool inverse) {
  if (outer * n * inner == 0) return;
  if (inner == 1) return transform(x, y, outer, n, inverse);
  const size_t bytes = size_t(outer * n * inner) * 2 * sizeof(T);
  const Storage lines(bytes, Device::cuda), results(bytes, Device::cuda);
  auto *in = reinterpret_cast<T*>(lines.data()), *out = reinterpret_cast<T*>(results.data());
  const Walk walk{{{outer, 2 * n * inner}, {inner, 2}, {n, 2 * inner}, {2, 1}}};
  StridedRead<T>::on(Device::cuda)(x, in, walk);
  transform(in, out, outer * inner, n, inverse);
  StridedWrite<T>::on(Device::cuda)(out, y, walk);
}

}  // namespace ito::kernels
