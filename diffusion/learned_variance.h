// Learned reverse variances, between the two fixed ones: log sigma^2 = f log beta_t + (1 - f) log beta-tilde_t with f = (v + 1)/2 from the network.
// Nichol & Dhariwal 2021, section 3.1, eqs. 15 and 16.
#pragma once

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/compare.h"
#include "diffusion/elbo.h"

namespace ito {

// The two halves of an output (N, ..., 2C): what the network says of the mean, and v.
struct MeanAndRange {
  Tensor mean, v;
};
MeanAndRange split_mean_and_range(const Tensor& output);

// Between two logarithms of variances, tensors or numbers: v = -1 gives the low one, 1 the high one; f64. Differentiable.
template <class T>
Tensor between(const T& low, const T& high, const Tensor& v) {
  return (cast(v, DType::f64) + 1.0) * 0.5 * (high - low) + low;
}

// v (N, ...), about [-1, 1], not clamped; t (N) i64 on the cpu -> log sigma^2, f64. Differentiable.
Tensor learned_log_variance(const Ddpm& process, const Tensor& v, const Tensor& t);

// L_vlb by one time an image: T L_t in bits per dimension, as t uniform stands for the sum over all times; (N) f64. The prediction is detached, so
// that the bound teaches the variance alone.
Tensor vlb_loss(const Ddpm& process, const Tensor& x0, const Tensor& x, const Tensor& t, const Tensor& predicted_x0, const Tensor& v,
                Decoder decoder = Decoder::discretised);

// L_hybrid = L_simple + lambda L_vlb, one value an image, f64.
constexpr double hybrid_lambda = 1e-3;
Tensor hybrid_loss(const Tensor& simple, const Tensor& vlb, double lambda = hybrid_lambda);

}  // namespace ito
