// Pooling and nearest upsampling of images (N, H, W, C); formulas in kernels/window/window.h.
#pragma once

#include "tensor/tensor.h"

namespace ito {

struct Pool2dOptions {
  int64_t kernel = 2, stride = 2, padding = 0;
};

// (N, H, W, C) -> (N, Ho, Wo, C), Ho = (H + 2 padding - kernel) / stride + 1. Throws Error when 2 padding > kernel or nothing is left.
Tensor avg_pool2d(const Tensor& x, const Pool2dOptions& options = {});  // padding counts as zeros
Tensor max_pool2d(const Tensor& x, const Pool2dOptions& options = {});  // padding is never the maximum; the first of equals gets the gradient

// (N, H, W, C) -> (N, H factor, W factor, C): every pixel becomes a square.
Tensor upsample_nearest(const Tensor& x, int64_t factor);

}  // namespace ito
