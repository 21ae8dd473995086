// Normalisation; formulas in kernels/group_norm/group_norm.h. weight and bias have one value a channel (the last axis); undefined: 1 and 0.
#pragma once

#include "tensor/tensor.h"

namespace ito {

struct GroupNormOptions {
  int64_t groups = 1;
  double eps = 1e-5;
};

// x (N, ..., C): each image's groups of C/groups channels get mean 0 and variance 1. Throws Error when groups does not divide C. Wu & He 2018.
Tensor group_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, const GroupNormOptions& options);
// silu(group_norm(x)), in one pass.
Tensor group_norm_silu(const Tensor& x, const Tensor& weight, const Tensor& bias, const GroupNormOptions& options);

// x (..., C): over the last axis. Ba, Kiros & Hinton 2016.
Tensor layer_norm(const Tensor& x, const Tensor& weight = {}, const Tensor& bias = {}, double eps = 1e-5);

// x (N, ..., C): each channel over everything else, with the batch's own statistics. Ioffe & Szegedy 2015.
Tensor batch_norm(const Tensor& x, const Tensor& weight = {}, const Tensor& bias = {}, double eps = 1e-5);
// The same with given mean and variance (C).
Tensor batch_norm_inference(const Tensor& x, const Tensor& mean, const Tensor& variance, const Tensor& weight = {}, const Tensor& bias = {},
                            double eps = 1e-5);

}  // namespace ito
