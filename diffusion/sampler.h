// Sampling: from noise to images, step by step. A sampler sees a denoiser only, so that it runs on any network, and on closed forms in tests.
#pragma once

#include <functional>

#include "diffusion/prediction.h"
#include "tensor/random.h"

namespace ito {

// x_0 and eps expected given x_t; x (N, H, W, C), one time for all.
using Denoiser = std::function<Denoised(const Tensor& x, int64_t t)>;

struct SamplerOptions {
  std::string sampler = "ddim";        // ancestral (Ho et al. 2020, alg. 2) or ddim (Song et al. 2021)
  int64_t steps = 50;                  // ddim: of the process's times, evenly spread; ancestral: always all of them
  double eta = 0;                      // ddim: 0 deterministic, 1 the noise of the ancestral chain
  std::string variance = "posterior";  // ancestral: posterior (beta-tilde) or beta
  bool clip = true;                    // x_0 to [-1, 1] at every step
  uint64_t seed = 0;
  int64_t first_image = 0;                                     // images first_image, first_image + 1, ... of the seed: the same ones in any batch
  Device device = Device::cpu;                                 // where the images are made: that of the network
  std::function<void(int64_t t, const Tensor& x)> watch = {};  // called with x_t before each step, and with the result at t = -1
};

// shape (N, H, W, C) -> images, f32, about [-1, 1]. Throws Error for an unknown sampler or steps out of range.
Tensor sample(const Ddpm& process, const Denoiser& denoiser, const Shape& shape, const SamplerOptions& options);

// Throws Error for what sample() would refuse, with what there is instead.
void check_sampler(const std::string& sampler, int64_t steps, double eta, int64_t process_steps);

// The times that ddim visits, descending: T - 1, then every T/steps-th ("trailing", Lin et al. 2024, arXiv 2305.08891, section 3.3).
std::vector<int64_t> ddim_times(int64_t process_steps, int64_t steps);

}  // namespace ito
