// What a network predicts, given x_t = scale x_0 + deviation eps, and how to get from it to x_0 and eps.
//   epsilon   eps                                        Ho et al. 2020
//   x0        x_0
//   v         scale eps - deviation x_0                  Salimans & Ho 2022, appendix D; for processes with scale^2 + deviation^2 = 1
#pragma once

#include <string>

#include "diffusion/noise_process.h"

namespace ito {

enum class Prediction { epsilon, x0, v };
Prediction prediction_named(const std::string& name);  // throws Error with the names there are
const char* name_of(Prediction prediction);

// The network's target. Shapes broadcast: scale and deviation are (N, 1, 1, 1).
Tensor prediction_target(Prediction prediction, const Tensor& x0, const Tensor& eps, const MarginalTensors& m);

struct Denoised {
  Tensor x0, eps;
};
// Both from the network's output at one time. Where scale is 0 (epsilon) or deviation is 0 (x0) the other is not determined: infinite or NaN.
Denoised from_prediction(Prediction prediction, const Tensor& output, const Tensor& x, const Marginal& m);
// x_0 held to [-1, 1], and the eps that belongs to it.
Denoised clipped(const Denoised& d, const Tensor& x, const Marginal& m);

}  // namespace ito
