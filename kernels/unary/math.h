// The functions that kernels/unary/functions.h is given on the cpu: the library's, and those that vectorise.
#pragma once

#include <cmath>

#include "kernels/vecmath.h"

namespace ito::kernels {

struct StandardMath {
  static double exp(double x) { return std::exp(x); }
  static double log(double x) { return std::log(x); }
  static double tanh(double x) { return std::tanh(x); }
  static double sin(double x) { return std::sin(x); }
  static double cos(double x) { return std::cos(x); }
  static double erf(double x) { return std::erf(x); }
  static Normal<double> normal(double x) { return normal_fast(x); }
  static double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
};

// Branch-free functions that a loop can be vectorised over (kernels/vecmath.h).
struct FastMath {
  template <class A>
  static A exp(A x) {
    return exp_fast(x);
  }
  template <class A>
  static A log(A x) {
    return log_fast(x);
  }
  template <class A>
  static A tanh(A x) {
    return tanh_fast(x);
  }
  template <class A>
  static A sigmoid(A x) {
    return sigmoid_fast(x);
  }
  template <class A>
  static A sin(A x) {
    return sin_fast(x);
  }
  template <class A>
  static A cos(A x) {
    return cos_fast(x);
  }
  template <class A>
  static A erf(A x) {
    return erf_fast(x);
  }
  template <class A>
  static Normal<A> normal(A x) {
    return normal_fast(x);
  }
};

}  // namespace ito::kernels
