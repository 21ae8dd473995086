// 2-D convolutions (cross-correlations), channels last; formulas in kernels/conv2d/conv2d.h.
#pragma once

#include "tensor/tensor.h"

namespace ito {

struct Conv2dOptions {
  int64_t stride = 1, padding = 0, groups = 1;
};

// x (N, H, W, Cin), weight (Cout, kh, kw, Cin/groups), bias (Cout) or undefined -> (N, Ho, Wo, Cout), Ho = (H + 2 padding - kh) / stride + 1.
// Throws Error when groups divide neither channels, or the window is larger than the padded image.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const Conv2dOptions& options = {});

struct ConvTranspose2dOptions {
  int64_t stride = 1, padding = 0, output_padding = 0, groups = 1;  // output_padding < stride: which of the sizes that conv2d maps to H
};

// x (N, H, W, Cin), weight (Cin, kh, kw, Cout/groups), bias (Cout) or undefined -> (N, Ho, Wo, Cout),
// Ho = (H - 1) stride - 2 padding + kh + output_padding: the data gradient of the conv2d with the same weight.
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const ConvTranspose2dOptions& options = {});

}  // namespace ito
