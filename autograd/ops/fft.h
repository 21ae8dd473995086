// Discrete Fourier transforms, orthonormal, any length. Complex numbers are (re, im) pairs along a last axis of extent 2.
#pragma once

#include "tensor/tensor.h"

namespace ito {

struct FftOptions {
  bool inverse = false;
  int axis = -2;  // fft: the one transformed, any but the last
};

Tensor fft(const Tensor& x, const FftOptions& options = {});   // (..., n, 2), over n, or (..., n, ..., 2), over an axis
Tensor fft2(const Tensor& x, const FftOptions& options = {});  // (..., h, w, 2), over h and w
Tensor complex_from(const Tensor& real);                       // (...) -> (..., 2), imaginary part 0
Tensor real_part(const Tensor& x);                             // (..., 2) -> (...)

}  // namespace ito
