// The weight of a training image's squared error, a function of its time. With w(t) the weight of the error of eps:
//   simple       1 on the network's own target (for the score: deviation^2, Song et al. 2021, eq. 7; that is 1 on eps)
//   epsilon      w = 1: L_simple of Ho et al. 2020, eq. 14, whatever the network predicts
//   likelihood   w = g^2 / deviation^2: g^2 |score + eps/deviation|^2, Song et al. 2021 ("maximum likelihood training"), eq. 7; source 000 (3.28)
//   elbo         DDPM: w = beta^2 / (2 sigma^2 alpha (1 - alpha-bar)), sigma^2 the posterior's variance: KL of the posteriors; Ho et al. 2020, eq. 12
//   min-snr      w = min(snr, 5) / snr, snr = scale^2 / deviation^2: Hang et al. 2023
//   edm          w = ((deviation/scale)^2 + s^2) / (deviation/scale s)^2 on the error of x_0, brought to eps: Karras et al. 2022, table 1
#pragma once

#include "diffusion/prediction.h"

namespace ito {

enum class Weighting { simple, epsilon, likelihood, elbo, min_snr, edm };
Weighting weighting_named(const std::string& name);  // throws Error with the names there are

// Of the squared error of eps at t; NaN for `simple`, which is not a weight of eps. Throws Error: elbo for a process that is not DDPM.
double epsilon_weight(Weighting weighting, const NoiseProcess& process, double t, double data_deviation);
// Of the squared error of the network's own target.
double target_weight(Weighting weighting, Prediction prediction, const NoiseProcess& process, double t, double data_deviation);

}  // namespace ito
