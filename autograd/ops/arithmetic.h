// Broadcasting arithmetic: shapes are aligned at the end, an extent of 1 stretches (NumPy's rule).
// Both operands have one floating type; a number takes the tensor's type.
#pragma once

#include "tensor/tensor.h"

namespace ito {

Tensor add(const Tensor& a, const Tensor& b);      // a + b
Tensor sub(const Tensor& a, const Tensor& b);      // a - b
Tensor mul(const Tensor& a, const Tensor& b);      // a b
Tensor div(const Tensor& a, const Tensor& b);      // a / b
Tensor pow(const Tensor& a, const Tensor& b);      // a^b
Tensor maximum(const Tensor& a, const Tensor& b);  // max(a, b); where they tie each gets half of the gradient
Tensor minimum(const Tensor& a, const Tensor& b);  // min(a, b); likewise
Tensor pow(const Tensor& a, double exponent);

inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }

inline Tensor operator+(const Tensor& a, double b) { return add(a, Tensor::scalar(b, a.dtype(), a.device())); }
inline Tensor operator-(const Tensor& a, double b) { return sub(a, Tensor::scalar(b, a.dtype(), a.device())); }
inline Tensor operator*(const Tensor& a, double b) { return mul(a, Tensor::scalar(b, a.dtype(), a.device())); }
inline Tensor operator/(const Tensor& a, double b) { return div(a, Tensor::scalar(b, a.dtype(), a.device())); }
inline Tensor operator+(double a, const Tensor& b) { return add(Tensor::scalar(a, b.dtype(), b.device()), b); }
inline Tensor operator-(double a, const Tensor& b) { return sub(Tensor::scalar(a, b.dtype(), b.device()), b); }
inline Tensor operator*(double a, const Tensor& b) { return mul(Tensor::scalar(a, b.dtype(), b.device()), b); }
inline Tensor operator/(double a, const Tensor& b) { return div(Tensor::scalar(a, b.dtype(), b.device()), b); }

}  // namespace ito
