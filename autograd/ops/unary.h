// Elementwise functions of one tensor of a floating type.
#pragma once

#include "tensor/tensor.h"

namespace ito {

Tensor neg(const Tensor& x);   // -x
Tensor abs(const Tensor& x);   // |x|; gradient 0 at 0
Tensor sign(const Tensor& x);  // -1, 0 or 1; gradient 0
Tensor exp(const Tensor& x);
Tensor log(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor rsqrt(const Tensor& x);       // 1 / sqrt(x)
Tensor reciprocal(const Tensor& x);  // 1 / x
Tensor square(const Tensor& x);      // x^2
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor erf(const Tensor& x);                             // 2/sqrt(pi) int_0^x exp(-t^2) dt
Tensor sigmoid(const Tensor& x);                         // 1 / (1 + exp(-x))
Tensor softplus(const Tensor& x);                        // log(1 + exp(x))
Tensor relu(const Tensor& x);                            // max(x, 0); gradient 0 at 0
Tensor silu(const Tensor& x);                            // x sigmoid(x). Elfwing et al. 2017; Ramachandran et al. 2017 (swish)
Tensor gelu(const Tensor& x);                            // x Phi(x), Phi the normal distribution function. Hendrycks & Gimpel 2016
Tensor elu(const Tensor& x);                             // x above 0, exp(x) - 1 below. Clevert et al. 2016
Tensor floor(const Tensor& x);                           // gradient 0
Tensor round(const Tensor& x);                           // to nearest, ties to even; gradient 0
Tensor clamp(const Tensor& x, double low, double high);  // min(max(x, low), high); gradient 1 inside [low, high], 0 outside
inline Tensor operator-(const Tensor& x) { return neg(x); }

}  // namespace ito
