// Stochastic differential equations with diagonal noise  dX = a(X, t) dt + b(X, t) dW,  every element of X with a Brownian motion of its own: steps
// of strong order 1/2 and 1, the reversal of time, and the ODE with the same marginals. The increments dW come from the caller, N(0, |dt|) each: who
// decides the random numbers decides the path. A step dt < 0 is one of an equation that runs back in time.
#pragma once

#include "diffusion/ode.h"

namespace ito {

struct Sde {
  Field drift;       // a(x, t), of x's shape
  Field diffusion;   // b(x, t), of x's shape or one that broadcasts to it
  Field slope = {};  // b'(x, t), the derivative of each b_i by its own x_i, likewise; none: b depends on t only ("additive noise")
};

// b(x, t) = g(t).
Field of_time(std::function<double(double t)> g);

// X(t + dt) from X(t); dw of x's shape. Kloeden & Platen 1992, Numerical Solution of Stochastic Differential Equations.
// Strong order 1/2 (1 for additive noise):  X + a dt + b dW.  Section 10.2.
Tensor euler_maruyama_step(const Sde& sde, const Tensor& x, double t, double dt, const Tensor& dw);
// Strong order 1:  X + a dt + b dW + b b' (dW^2 - |dt|)/2.  Section 10.3; needs the slope, without which it is Euler's.
Tensor milstein_step(const Sde& sde, const Tensor& x, double t, double dt, const Tensor& dw);
// Strong order 1 without the slope:  X + a dt + b dW + (b(Y, t) - b(X, t)) (dW^2 - |dt|) / (2 sqrt|dt|),  Y = X + a dt + b sqrt|dt|.  Eq. 11.1.7.
Tensor platen_step(const Sde& sde, const Tensor& x, double t, double dt, const Tensor& dw);

// The equation that leads from the law of X(T) back to that of X(0) in steps dt < 0; score(x, t) = grad log p_t(x) of the forward equation:
//   dX = (a - 2 b b' - b^2 score) dt + b dW.  Anderson 1982; 2 b b' is the divergence of b b^T for diagonal noise.
Sde reversed(const Sde& sde, const Field& score);

// dx/dt = a - b b' - b^2 score / 2:  has the law of X(t) at every t, in either direction. Song et al. 2021 (score SDE), eq. 37.
Field probability_flow(const Sde& sde, const Field& score);

}  // namespace ito
