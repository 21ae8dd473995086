// A process that turns data into noise: the marginals  q(x_t | x_0) = N(scale(t) x_0, deviation(t)^2 I)  of the SDE
//   dx = f(t) x dt + g(t) dW,   f = d log(scale)/dt,   g^2 = d(deviation^2)/dt - 2 f deviation^2.
// Song et al. 2021, "Score-Based Generative Modeling through SDEs", eq. 5 and appendix B; sources: 000 (3.25), 001 section 3.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace ito {

struct Marginal {
  double scale, deviation;
};

class NoiseProcess {
 public:
  virtual ~NoiseProcess() = default;

  // Times run from first() (almost data) to last() (almost noise).
  virtual double first() const = 0;
  virtual double last() const = 0;
  // Where training begins: at or before first(), at which samplers end.
  virtual double earliest() const { return first(); }
  virtual Marginal marginal(double t) const = 0;
  virtual double drift(double t) const = 0;              // f
  virtual double squared_diffusion(double t) const = 0;  // g^2
  // What the network is told: t on the scale 0 ... 1000.
  virtual double network_time(double t) const = 0;
  // The deviation of x at last() when nothing is known of x_0: 1, or that of the noise where it drowns the data (VE, EDM).
  virtual double prior_deviation() const = 0;
  // `count` times from last() down, at which a sampler asks the network; steps go from each to the next, and from the final one to the data.
  virtual std::vector<double> times(int64_t count) const;  // evenly spread, first() included
  // The largest `count`: that of a discrete process; of others 10^6.
  virtual int64_t most_times() const { return 1000000; }
  // When deviation / scale, which grows with t, is `ratio`: between first() and last(), by bisection where a process has no formula.
  virtual double time_of_ratio(double ratio) const;
};

std::vector<Marginal> marginals_at(const NoiseProcess& process, const std::vector<double>& t);
double ratio_at(const NoiseProcess& process, double t);  // deviation / scale

// One value an image, (N, 1, 1, 1), on `device`; and so the marginals.
Tensor each_image(const std::vector<double>& values, Device device = Device::cpu);
struct MarginalTensors {
  Tensor scale, deviation;
};
MarginalTensors each_marginal(const std::vector<Marginal>& m, Device device = Device::cpu);

// The transition of the same process from s to a later t: q(x_t | x_s) = N(scale x_s, variance I), and Bayes' rule on it and q(x_s | x_0):
//   q(x_s | x_t, x_0) = N(x0_weight x_0 + xt_weight x_t, posterior_variance I).  Ho et al. 2020, eqs. 6 and 7, for any marginals.
struct Transition {
  double scale, variance;
  double x0_weight, xt_weight, posterior_variance;
};
Transition transition(const Marginal& s, const Marginal& t);

}  // namespace ito
