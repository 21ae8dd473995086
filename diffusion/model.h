// A denoising diffusion model: process, network, and what the network predicts.
#pragma once

#include "diffusion/sampler.h"
#include "nn/unet.h"

namespace ito {

struct DiffusionOptions {
  std::string schedule = "cosine";
  int64_t steps = 1000;
  std::string prediction = "v";
  DType dtype = DType::f32;    // of the network's activations: f32, or bf16 (half the memory; parameters and loss stay f32)
  double label_dropout = 0.1;  // share of training images whose label is hidden, so that the network also learns the unconditional score
};

class DiffusionModel {
 public:
  DiffusionModel(const UNetOptions& network, const DiffusionOptions& options, uint64_t seed);

  UNet& network() { return network_; }
  const Ddpm& process() const { return process_; }
  bool has_classes() const { return network_.options().classes > 0; }
  int64_t classes() const { return network_.options().classes; }

  // L_simple (Ho et al. 2020, eq. 14) of the network's own target: mean |target - network(x_t, t)|^2 over images x (N, H, W, C) in [-1, 1], with t
  // uniform. x is on the network's device. Times, noise and hidden labels are those of training step `step` under the model's seed.
  Tensor loss(const Tensor& x, const Tensor& labels, int64_t step);

  // The denoiser for labels (N) i64 or none. With guidance w the network's output is (1 + w) f(x, label) - w f(x, none):
  // classifier-free guidance, Ho & Salimans 2022, eq. 6. w = 0: none.
  Denoiser denoiser(const Tensor& labels, double guidance);

 private:
  // The network on f32 images, with activations of the chosen type: f32.
  Tensor run(const Tensor& x, const Tensor& t, const Tensor& labels, Generator& random) const;

  uint64_t seed_;
  Generator init_;
  UNet network_;
  Ddpm process_;
  Prediction prediction_;
  DType dtype_;
  double label_dropout_;
};

}  // namespace ito
