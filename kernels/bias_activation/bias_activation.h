// A bias and an activation in one pass: x (rows, cols), bias (cols).
//   forward    y[r,c]  = f(x[r,c] + bias[c])
//   backward   dz[r,c] = dy[r,c] f'(x[r,c] + bias[c])         dx = dz; the gradient of the bias is dz summed over rows
// f is one of activations. y and dz are overwritten; y may be x, dz may be dy. Apart, the two passes would read and write everything twice.
#pragma once

#include "kernels/unary/functions.h"

namespace ito::kernels {

template <class T>
using BiasActivation = Kernel<"bias_activation", T, void(UnaryKind f, const T* x, const T* bias, T* y, int64_t rows, int64_t cols)>;
template <class T>
using BiasActivationBackward =
    Kernel<"bias_activation_backward", T, void(UnaryKind f, const T* x, const T* bias, const T* dy, T* dz, int64_t rows, int64_t cols)>;

constexpr Work bias_activation_work(int64_t n, int64_t size) { return {.flops = double(2 * n), .bytes = double(2 * n * size)}; }

// Calls body.template operator()<f>() for an activation f; throws Error for another function.
template <class Body>
void with_activation(UnaryKind f, Body&& body) {
  switch (f) {
    case UnaryKind::relu:
      return body.template operator()<UnaryKind::relu>();
    case UnaryKind::silu:
      return body.template operator()<UnaryKind::silu>();
    case UnaryKind::gelu:
      return body.template operator()<UnaryKind::gelu>();
    case UnaryKind::tanh:
      return body.template operator()<UnaryKind::tanh>();
    case UnaryKind::sigmoid:
      return body.template operator()<UnaryKind::sigmoid>();
    default:
      fail("[bias_activation] is not for this function; there are relu, silu, gelu, tanh and sigmoid");
  }
}

// f'(z), by way of f(z) where that is how the derivative is written.
template <UnaryKind f, class Math, class A>
ITO_HOST_DEVICE inline A activation_derivative(A z) {
  if constexpr (derivative_needs(f) == DerivativeNeeds::output) return unary_derivative<f, Math, A>(z, unary_value<f, Math, A>(z));
  return unary_derivative<f, Math, A>(z, A(0));
}

}  // namespace ito::kernels
