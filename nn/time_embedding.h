// Numbers as vectors: times for the networks of diffusion models.
#pragma once

#include "nn/module.h"
#include "tensor/random.h"

namespace ito {

// t (N) f32 -> (N, channels): [sin(t f_i), cos(t f_i)], f_i = exp(-ln(10000) i / (half - 1)), half = channels / 2. Ho et al. 2020 (their code);
// Vaswani et al. 2017, section 3.5. Throws Error when channels is odd or less than 4.
Tensor sinusoidal_embedding(const Tensor& t, int64_t channels);

// t (N) -> (N, channels): [sin(2 pi w t), cos(2 pi w t)], w ~ N(0, scale^2) drawn once and kept as a buffer. Tancik et al. 2020; Song et al. 2021.
struct GaussianFourierEmbedding : Module {
  Tensor frequencies;
  GaussianFourierEmbedding(int64_t channels, Generator& init, double scale = 16);
  Tensor operator()(const Tensor& t) const;
};

}  // namespace ito
