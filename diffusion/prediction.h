// What a network predicts, given x_t = scale x_0 + deviation eps, and how to get from it to x_0 and eps.
//   epsilon   eps                                        Ho et al. 2020
//   x0        x_0
//   v         scale eps - deviation x_0                  Salimans & Ho 2022, appendix D
//   score     the gradient of log q(x_t | x_0), -eps / deviation      Song & Ermon 2019
//   edm       F in x_0 = c_skip x_t + c_out F            Karras et al. 2022, table 1, for any scale:
//             c_skip = scale s^2 / n,  c_out = deviation s / sqrt(n),  n = scale^2 s^2 + deviation^2,  s the deviation of the data
#pragma once

#include <string>

#include "diffusion/noise_process.h"

namespace ito {

enum class Prediction { epsilon, x0, v, score, edm };
Prediction prediction_named(const std::string& name);  // throws Error with the names there are
const char* name_of(Prediction prediction);
std::vector<std::string> prediction_names();

// A prediction is affine in what it says: x_0 = x_weight x_t + output_weight output.
struct ToX0 {
  double x_weight, output_weight;
};
// data_deviation is for edm. Not finite where the output does not say what x_0 is: epsilon and score at scale 0.
ToX0 to_x0(Prediction prediction, const Marginal& m, double data_deviation = 0.5);

// The network's target for images (N, H, W, C), one marginal an image.
Tensor prediction_target(Prediction prediction, const Tensor& x0, const Tensor& eps, const std::vector<Marginal>& m, double data_deviation = 0.5);

struct Denoised {
  Tensor x0, eps;
  Tensor range = {};  // v of a learned variance (diffusion/learned_variance.h); undefined where there is none
};
// Both from the network's output at one time. Where scale is 0 (epsilon) or deviation is 0 (x0) the other is not determined: infinite or NaN.
Denoised from_prediction(Prediction prediction, const Tensor& output, const Tensor& x, const Marginal& m, double data_deviation = 0.5);
// Of x_0 alone: eps = (x - scale x_0) / deviation.
Denoised from_x0(const Tensor& x0, const Tensor& x, const Marginal& m);
// x_0 held to [-largest, largest], and the eps that belongs to it.
Denoised clipped(const Denoised& d, const Tensor& x, const Marginal& m, double largest);
// The gradient of log q(x_t): -eps / deviation.
Tensor score(const Denoised& d, const Marginal& m);

}  // namespace ito
