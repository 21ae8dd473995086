// Elementwise functions of one tensor: y[i] = f(x[i]);  backward dx[i] = dy[i] f'(x[i]), with f' written in x or in y.
// Buffers are dense, of n elements, overwritten; y may be x, dx may be dy.
#pragma once

#include "kernels/registry.h"
#include "kernels/work.h"

namespace ito::kernels {

enum class UnaryKind {
  neg,
  abs,
  sign,
  exp,
  log,
  sqrt,
  rsqrt,
  reciprocal,
  square,
  sin,
  cos,
  tanh,
  erf,
  sigmoid,
  softplus,
  relu,
  silu,
  gelu,
  elu,
  floor,
  round
};
constexpr int unary_kinds = int(UnaryKind::round) + 1;

template <class T>
using Unary = Kernel<"unary", T, void(UnaryKind kind, const T* x, T* y, int64_t n)>;

// Reads only one of x and y, as derivative_needs() tells; the other may be null. Kinds whose derivative is constant are not asked for.
template <class T>
using UnaryBackward = Kernel<"unary_backward", T, void(UnaryKind kind, const T* x, const T* y, const T* dy, T* dx, int64_t n)>;

enum class DerivativeNeeds { nothing, input, output };  // nothing: f' is constant
constexpr DerivativeNeeds derivative_needs(UnaryKind kind) {
  switch (kind) {
    case UnaryKind::neg:
    case UnaryKind::sign:
    case UnaryKind::floor:
    case UnaryKind::round:
      return DerivativeNeeds::nothing;
    case UnaryKind::exp:
    case UnaryKind::sqrt:
    case UnaryKind::rsqrt:
    case UnaryKind::reciprocal:
    case UnaryKind::tanh:
    case UnaryKind::sigmoid:
    case UnaryKind::relu:
    case UnaryKind::elu:
      return DerivativeNeeds::output;
    default:
      return DerivativeNeeds::input;
  }
}

// min(max(x, low), high); a NaN stays. Backward: dy where low <= x <= high, else 0.
template <class T>
using Clamp = Kernel<"clamp", T, void(const T* x, T* y, int64_t n, double low, double high)>;
template <class T>
using ClampBackward = Kernel<"clamp_backward", T, void(const T* x, const T* dy, T* dx, int64_t n, double low, double high)>;

constexpr Work unary_work(int64_t n, int64_t size) { return {.flops = double(n), .bytes = double(2 * n * size)}; }

}  // namespace ito::kernels
