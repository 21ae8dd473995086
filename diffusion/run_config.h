// The configuration of a run, as examples/*/*.json have it. Keys and defaults are these structs'.
#pragma once

#include "data/config.h"
#include "data/loader.h"
#include "diffusion/model.h"

namespace ito {

struct TrainOptions {
  int64_t steps = 0;  // the budget: one of these three
  double epochs = 0, minutes = 0;
  int64_t batch = 64;
  std::string optimiser = "adamw";  // adamw, adam, sgd
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.99, weight_decay = 0.01;
  int64_t warmup = 100;               // steps
  std::string schedule = "constant";  // or cosine: down to 0 at the end of the budget
  double clip = 1;                    // limit of the gradient's global norm; 0: none
  double ema = 0.999;
  uint64_t seed = 0;
  double checkpoint_minutes = 1;
  int64_t checkpoint_steps = 0;  // also after so many steps; 0: not
  int64_t log_steps = 20;
  bool flip = false, rotate = false;  // of the images
};

struct SampleOptions {
  SamplerOptions how;
  double guidance = 0;
};

struct RunConfig {
  std::string task = "diffusion";  // or classifier
  std::string device = "cpu";      // or cuda
  DatasetOptions data;
  NetworkOptions model;
  DiffusionOptions diffusion;
  TrainOptions train;
  SampleOptions sample;
  std::string written;  // JSON, with every default filled in
  Shape image;          // (H, W, C) of the data, known from the first checkpoint on: to sample, the data need not be there
};

// Throws Error: unknown key (with the nearest known one), wrong type, value out of range.
RunConfig parse_run_config(const Json& json);

}  // namespace ito
