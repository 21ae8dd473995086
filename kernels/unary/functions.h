// The functions themselves and their derivatives, once for every device and type. Math supplies exp, log and so on for the type A
// computed in: std:: in the reference, vectorisable approximations in the fast variant.
#pragma once

#include <cmath>
#include <numbers>

#include "kernels/host_device.h"
#include "kernels/unary/unary.h"

namespace ito::kernels {

template <UnaryKind kind, class Math, class A>
ITO_HOST_DEVICE inline A unary_value(A x) {
  if constexpr (kind == UnaryKind::neg) return -x;
  if constexpr (kind == UnaryKind::abs) return std::abs(x);
  if constexpr (kind == UnaryKind::sign) return x != x ? x : A(x > 0) - A(x < 0);
  if constexpr (kind == UnaryKind::exp) return Math::exp(x);
  if constexpr (kind == UnaryKind::log) return Math::log(x);
  if constexpr (kind == UnaryKind::sqrt) return std::sqrt(x);
  if constexpr (kind == UnaryKind::rsqrt) return 1 / std::sqrt(x);
  if constexpr (kind == UnaryKind::reciprocal) return 1 / x;
  if constexpr (kind == UnaryKind::square) return x * x;
  if constexpr (kind == UnaryKind::sin) return Math::sin(x);
  if constexpr (kind == UnaryKind::cos) return Math::cos(x);
  if constexpr (kind == UnaryKind::tanh) return Math::tanh(x);
  if constexpr (kind == UnaryKind::erf) return Math::erf(x);
  if constexpr (kind == UnaryKind::sigmoid) return Math::sigmoid(x);
  if constexpr (kind == UnaryKind::softplus) return (x > 0 ? x : (x != x ? x : A(0))) + std::log1p(Math::exp(-std::abs(x)));
  if constexpr (kind == UnaryKind::relu) return x < 0 ? A(0) : x;
  if constexpr (kind == UnaryKind::silu) return x * Math::sigmoid(x);
  if constexpr (kind == UnaryKind::gelu) return x * Math::normal(x).distribution;
  if constexpr (kind == UnaryKind::elu) return x > 0 ? x : Math::exp(x) - 1;
  if constexpr (kind == UnaryKind::floor) return std::floor(x);
  if constexpr (kind == UnaryKind::round) return std::nearbyint(x);
}

// f'(x); y = f(x) is given where derivative_needs says so.
template <UnaryKind kind, class Math, class A>
ITO_HOST_DEVICE inline A unary_derivative([[maybe_unused]] A x, [[maybe_unused]] A y) {
  constexpr A two_over_sqrt_pi = A(2 * std::numbers::inv_sqrtpi);
  if constexpr (kind == UnaryKind::neg) return A(-1);
  if constexpr (kind == UnaryKind::abs) return A(x > 0) - A(x < 0);
  if constexpr (kind == UnaryKind::sign || kind == UnaryKind::floor || kind == UnaryKind::round) return A(0);
  if constexpr (kind == UnaryKind::exp) return y;
  if constexpr (kind == UnaryKind::log) return 1 / x;
  if constexpr (kind == UnaryKind::sqrt) return A(0.5) / y;
  if constexpr (kind == UnaryKind::rsqrt) return A(-0.5) * y * y * y;
  if constexpr (kind == UnaryKind::reciprocal) return -y * y;
  if constexpr (kind == UnaryKind::square) return 2 * x;
  if constexpr (kind == UnaryKind::sin) return Math::cos(x);
  if constexpr (kind == UnaryKind::cos) return -Math::sin(x);
  if constexpr (kind == UnaryKind::tanh) return 1 - y * y;
  if constexpr (kind == UnaryKind::erf) return two_over_sqrt_pi * Math::exp(-x * x);
  if constexpr (kind == UnaryKind::sigmoid) return y * (1 - y);
  if constexpr (kind == UnaryKind::softplus) return Math::sigmoid(x);
  if constexpr (kind == UnaryKind::relu) return A(y > 0);
  if constexpr (kind == UnaryKind::elu) return y > 0 ? A(1) : y + 1;
  if constexpr (kind == UnaryKind::silu) {
    const A s = Math::sigmoid(x);
    return s * (1 + x * (1 - s));
  }
  if constexpr (kind == UnaryKind::gelu) {
    const auto normal = Math::normal(x);
    return normal.distribution + x * normal.density;
  }
}

// Calls f.template operator()<kind>() for the kind known at run time.
template <int first = 0, class F>
void with_kind(UnaryKind kind, F&& f) {
  if constexpr (first < unary_kinds) {
    if (int(kind) == first) return f.template operator()<UnaryKind(first)>();
    with_kind<first + 1>(kind, std::forward<F>(f));
  }
}

}  // namespace ito::kernels
