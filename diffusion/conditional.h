// Samples that agree with what is known of them, for any sampler's `constrain`: at each time what is known is put back, noised as it is at that time.
// Song et al. 2021, appendix I (inpainting, colourisation).
#pragma once

#include "diffusion/sampler.h"

namespace ito {

using Constraint = std::function<Tensor(const Tensor& x, double t, const Tensor& noise)>;

// known (N or 1, H, W, C) where mask (N or 1, H, W, 1) is 1; what the model makes of it where it is 0.
Constraint inpainting(const NoiseProcess& process, const Tensor& known, const Tensor& mask);

// Colour images whose mean over channels is grey (N or 1, H, W, 1) where mask (N or 1, H, W, 1) is 1. In coordinates of which one is the mean and the
// others are orthogonal to it, this is inpainting of the first. Where the result would leave [-1, 1] its colour is made paler: the
// mean stays.
Constraint colouring(const NoiseProcess& process, const Tensor& grey, const Tensor& mask);

// Between two noises, at the angle share of the way (Shoemake 1985): of their length everywhere, where the straight line's middle would be too short
// to be noise. Each image by itself.
Tensor slerp(const Tensor& a, const Tensor& b, double share);

}  // namespace ito
