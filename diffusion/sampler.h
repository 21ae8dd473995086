// Sampling: from noise to data, step by step. A sampler sees a process and a denoiser only, so that it runs on any network, and on closed forms in
// tests. diffusion/samplers/ has one file a family, with its formulas.
#pragma once

#include <functional>
#include <limits>

#include "diffusion/prediction.h"
#include "tensor/random.h"

namespace ito {

// x_0 and eps expected given x_t; x (N, H, W, C), one time for all.
using Denoiser = std::function<Denoised(const Tensor& x, double t)>;

struct SamplerOptions {
  std::string sampler = "ddim";                 // one of sampler_names()
  int64_t steps = 50;                           // times at which the network is asked; the last answer is the result. Langevin: see there
  std::string spacing = "";                     // ddpm: the times as Nichol & Dhariwal's code names them (diffusion/respacing.h), instead of `steps`
  double eta = 0;                               // ddim: 0 deterministic, 1 the noise of the ancestral chain
  std::string variance = "posterior";           // ancestral: posterior (beta-tilde), beta (that of the transition), or learned between them
  bool clip = true;                             // x_0 to [-clip_at, clip_at] at every step
  double clip_at = 1;                           // the largest value that data have
  std::string predictor = "reverse-diffusion";  // predictor-corrector: or ancestral, euler-maruyama, none (corrector only)
  int64_t corrector_steps = 1;                  // predictor-corrector: of Langevin's, after each step
  double snr = 0.16;                            // predictor-corrector: the corrector's signal-to-noise ratio
  double langevin_step = 2e-5;                  // langevin, annealed-langevin: the step at the smallest deviation
  int64_t langevin_steps = 100;                 // annealed-langevin: at the last of the `steps` times; langevin: in all
  double langevin_growth = 0;                   // annealed-langevin: at a time langevin_steps (deviation / smallest deviation)^langevin_growth
  std::string langevin_noise = "fresh";         // langevin, annealed-langevin: of a step, or averaged with that of the step before
  double tolerance = 1e-5;                      // ode-rk45: absolute and relative
  double churn = 0, churn_min = 0, churn_max = std::numeric_limits<double>::infinity(), churn_noise = 1.003;  // edm: S_churn, S_min, S_max, S_noise
  int64_t resample = 1;  // how often each step is taken, noised back in between: for what is known (constrain) and the rest to agree
  uint64_t seed = 0;
  int64_t first_image = 0;      // images first_image, first_image + 1, ... of the seed: the same ones in any batch
  Device device = Device::cpu;  // where the images are made: that of the network
  Tensor start = {};            // x at process.last(), instead of the prior's draw
  std::function<Tensor(uint32_t stream, uint32_t call)> noise = {};  // N(0, 1) of the images' shape, instead of the seed's
  // Called after each step with what it made, for the time it is for (below 0: the result), and noise: what is given instead
  // (diffusion/conditional.h).
  std::function<Tensor(const Tensor& x, double t, const Tensor& noise)> constrain = {};
  std::function<void(double t, const Tensor& x)> watch = {};  // called with x_t before each step, and with the result at t = -1
};

// shape (N, H, W, C) -> data, f32, about [-1, 1]. Throws Error for an unknown sampler or options out of range.
Tensor sample(const NoiseProcess& process, const Denoiser& denoiser, const Shape& shape, const SamplerOptions& options);

// Throws Error for what sample() would refuse, with what there is instead.
void check_sampler(const SamplerOptions& options, const NoiseProcess& process);
std::vector<std::string> sampler_names();
// What a user who says nothing about steps gets: all times of DDPM for ancestral, else what the sampler's authors use.
int64_t default_steps(const std::string& sampler, const NoiseProcess& process);

// What a chain of the seed starts from, image 0 first, before the prior's deviation.
Tensor starting_noise(const Shape& shape, uint64_t seed);

// The way back of ddim with eta 0: from data x to the noise that ddim makes x of, with as many steps. Song et al. 2021 (DDIM), section 4.3; the
// noise of each step is that expected at its start, so that it is exact in the limit of many steps only.
Tensor ddim_inversion(const NoiseProcess& process, const Denoiser& denoiser, const Tensor& x, int64_t steps);

}  // namespace ito
