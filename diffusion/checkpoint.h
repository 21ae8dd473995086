// What a run needs to go on, or to be used, in one safetensors file: "model.*", "ema.*", "optimiser.*" and, where there is any,
// "task.*"; as metadata the configuration, the progress and a checksum. A file in the zoo has "ema.*" only, in bf16.
#pragma once

#include "diffusion/task.h"
#include "nn/optim.h"

namespace ito {

struct Progress {
  int64_t step = 0;    // training steps done
  double seconds = 0;  // of training, over all sessions
};

void save_checkpoint(const std::string& path, const RunConfig& config, Task& task, const MovingAverage& ema, const Optimiser& optimiser,
                     const Progress& progress);
// Averaged weights alone, in bf16: for use, not for training on.
void save_weights(const std::string& path, const RunConfig& config, const std::map<std::string, Tensor>& averages, const Progress& progress);

struct Checkpoint {
  std::string path;
  RunConfig config;
  Progress progress;
  std::map<std::string, Tensor> model, ema, optimiser, task;  // names without the prefix

  // The weights to use the network with.
  const std::map<std::string, Tensor>& weights() const { return ema; }
};

// `run` is a file, or a folder with checkpoint.safetensors or model.safetensors in it, or such a folder of those that come with Ito
// ("zoo/mnist-ddpm"). Throws Error when there is none, or it is damaged.
Checkpoint load_checkpoint(const std::string& run);
// Puts everything back where it was. Throws Error for another architecture.
void restore(const Checkpoint& checkpoint, Task& task, MovingAverage& ema, Optimiser& optimiser);

}  // namespace ito
