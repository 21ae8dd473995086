// A denoising diffusion model: process, network, and what the network predicts.
#pragma once

#include <optional>

#include "diffusion/elbo.h"
#include "diffusion/network.h"
#include "diffusion/sampler.h"
#include "diffusion/time_sampling.h"
#include "diffusion/weighting.h"

namespace ito {

struct DiffusionOptions {
  std::string process = "ddpm";                        // ddpm, vp, sub-vp, ve, edm
  std::string schedule = "cosine";                     // ddpm: of the betas
  int64_t steps = 1000;                                // ddpm
  double beta_min = 0.1, beta_max = 20, first = 1e-3;  // vp, sub-vp
  double beta_curve = 0;                               // vp, sub-vp: k > 0 for exponential betas (VpOptions::curve)
  double sigma_min = 0.01, sigma_max = 50;             // ve, edm
  int64_t levels = 0;                                  // ve: so many times, as NCSN; 0: all
  std::string prediction = "v";
  std::string weighting = "simple";
  double data_deviation = 0.5;    // of the data, for edm's weights and scaled inputs
  bool scale_input = false;       // the network sees x_t / sqrt(scale^2 data_deviation^2 + deviation^2), of deviation 1
  std::string times = "uniform";  // of training; log-normal: of the ratio deviation / scale; importance: by the losses at each time (ddpm)
  double log_mean = -1.2, log_deviation = 1.2;  // log-normal times: of ln(deviation / scale), Karras et al. 2022, table 1
  std::string variance = "fixed";               // ddpm: or learned, between the two fixed ones, by L_hybrid (diffusion/learned_variance.h)
  DType dtype = DType::f32;                     // of the network's activations: f32, or bf16 (half the memory; parameters and loss stay f32)
  double label_dropout = 0.1;  // share of training images whose label is hidden, so that the network also learns the unconditional score
};

// The process of the options; throws Error for an unknown name or numbers that make none.
std::unique_ptr<NoiseProcess> make_process(const DiffusionOptions& options);
// Throws Error for times and variances that the process cannot have.
void check_options(const DiffusionOptions& options);
// What is usual for the process: VE and EDM with scaled inputs, EDM with its own prediction, weights and times.
DiffusionOptions usual_options(const std::string& process);

class DiffusionModel {
 public:
  DiffusionModel(const NetworkOptions& network, const DiffusionOptions& options, uint64_t seed);

  Module& network() { return *network_.module; }
  const NoiseProcess& process() const { return *process_; }
  bool has_classes() const { return classes_ > 0; }
  int64_t classes() const { return classes_; }

  // mean w(t) |target - network(x_t, t)|^2 over images x (N, H, W, C) in [-1, 1], with t drawn as the options say; with the weights `simple` and
  // `epsilon` predicted, L_simple (Ho et al. 2020, eq. 14). x is on the network's device. Times, noise and hidden labels are those of training step
  // `step` under the model's seed; for times drawn by importance also of the losses so far. Asked for without recording (NoGrad) it is no training
  // step: times are drawn evenly, and no loss is remembered.
  Tensor loss(const Tensor& x, const Tensor& labels, int64_t step);

  // What a training step leaves for the next ones beside the weights: the losses at each time, for times drawn by importance. A copy.
  NamedTensors state() const;
  void load_state(const std::map<std::string, Tensor>& state);  // throws Error for one of another process

  // The denoiser for labels (N) i64 or none. With guidance w the network's output is (1 + w) f(x, label) - w f(x, none):
  // classifier-free guidance, Ho & Salimans 2022, eq. 6. w = 0: none.
  Denoiser denoiser(const Tensor& labels, double guidance);

 private:
  struct Times {
    std::vector<double> t;
    std::vector<Marginal> marginals = {};
    SampledTimes index = {};  // of discrete times: their numbers, and weights that make up for drawing some more often
  };
  Times training_times(int64_t n, uint32_t call) const;
  int64_t discrete_times() const;  // 0: all times
  // The error of each image, (N): squares of output - target, weighted, and what teaches a learned variance.
  Tensor errors(const Tensor& x0, const Tensor& x, const Tensor& eps, const Times& times, const Tensor& output) const;
  // The network on f32 images x_t, with activations of the chosen type: f32.
  Tensor run(const Tensor& x, const std::vector<double>& t, const Tensor& labels, Generator& random) const;

  uint64_t seed_;
  DiffusionOptions o_;
  Generator init_;
  Network network_;
  int64_t classes_;
  std::unique_ptr<NoiseProcess> process_;
  Prediction prediction_;
  Weighting weighting_;
  Decoder decoder_;
  std::optional<ImportanceTimes> importance_;
};

}  // namespace ito
