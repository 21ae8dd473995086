// The Ornstein-Uhlenbeck process  dX = kappa (theta - X) dt + sigma dW,  the one equation of diffusion models that is solved in closed form:
//   X(t) = theta + (X(s) - theta) e^{-kappa (t - s)} + sigma sqrt((1 - e^{-2 kappa (t - s)}) / (2 kappa)) Z,  Z ~ N(0, 1).
// Uhlenbeck & Ornstein 1930; Doob 1942. kappa > 0.
#pragma once

#include "diffusion/sde.h"

namespace ito {

struct OrnsteinUhlenbeck {
  double kappa = 1, theta = 0, sigma = 1;

  // Of X(t) given X(0) = x; t >= 0.
  double mean(double x, double t) const;
  double variance(double t) const;
  double covariance(double t, double u) const;                                // of X(t) and X(u) given X(0)
  double stationary_variance() const { return sigma * sigma / (2 * kappa); }  // of the law N(theta, .) that X(t) tends to
  Tensor transition(const Tensor& x, double elapsed, const Tensor& z) const;  // X after a time, exact; z ~ N(0, 1) of x's shape
  Sde sde() const;
};

}  // namespace ito
