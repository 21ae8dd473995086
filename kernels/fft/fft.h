// Discrete Fourier transform, orthonormal, of any length n. Complex numbers are (re, im) pairs; x and y (outer, n, inner, 2), a line for each of the
// outer times inner.
//   y[k] = n^(-1/2) sum_j x[j] exp(-+ 2 pi i j k / n)       minus forward, plus inverse
// It is unitary: the inverse is the adjoint, and so the gradient. y is overwritten and must not be x. f32 and f64 only: the 8 bits of a bf16 are too
// few for sums of n terms that nearly cancel.
#pragma once

#include <cmath>

#include "kernels/registry.h"
#include "kernels/work.h"

namespace ito::kernels {

template <class T>
using Fft = Kernel<"fft", T, void(const T* x, T* y, int64_t outer, int64_t n, int64_t inner, bool inverse)>;

inline Work fft_work(int64_t lines, int64_t n, int64_t size) {
  return {.flops = 5.0 * double(lines * n) * std::log2(double(n)), .bytes = double(4 * lines * n * size)};
}

}  // namespace ito::kernels
