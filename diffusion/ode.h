// Steps for ordinary differential equations  dx/dt = u(x, t):  the probability-flow ODE of a diffusion, or any other. x is a tensor of any shape,
// type and device; all its elements share the time. A step h < 0 goes back in time. Gradients flow through, where the caller does not switch them
// off.
#pragma once

#include <cstdint>
#include <functional>

#include "tensor/tensor.h"

namespace ito {

// u(x, t), of x's shape.
using Field = std::function<Tensor(const Tensor& x, double t)>;

// x(t + h) from x(t). Hairer, Norsett & Wanner 1993, Solving Ordinary Differential Equations I, section II.1.
Tensor euler_step(const Field& u, const Tensor& x, double t, double h);  // order 1: x + h u(x, t)
Tensor heun_step(const Field& u, const Tensor& x, double t, double h);   // order 2: the mean of u at both ends, the far one by Euler's step
Tensor rk4_step(const Field& u, const Tensor& x, double t, double h);    // order 4: Kutta's, four evaluations

struct Rk45Options {
  double rtol = 1e-5, atol = 1e-5;   // a step's error, root mean square over x, is at most atol + rtol |x|
  int64_t max_evaluations = 100000;  // of u
};
struct OdeSolution {
  Tensor x;
  int64_t evaluations, accepted, rejected;  // of u; steps
};
// x(last) from x(first) by the pair of orders 5 and 4 of Dormand & Prince 1980, steps as long as the tolerance allows. The steps are common to all of
// x: what else is in a batch changes an element, within the tolerance. Throws Error for a tolerance that is not positive, a field
// that is not finite at first, and when no step is short enough.
OdeSolution rk45(const Field& u, const Tensor& x, double first, double last, const Rk45Options& options = {});

}  // namespace ito
