// What a run trains: a network, its loss on a batch, and how well it does.
#pragma once

#include <memory>

#include "diffusion/run_config.h"
#include "nn/lenet.h"

namespace ito {

class Task {
 public:
  virtual ~Task() = default;
  virtual Module& network() = 0;
  // A scalar, of a batch on the network's device. Everything random in it depends on the seed, the number of the step, and state().
  virtual Tensor loss(const Batch& batch, int64_t step) = 0;
  // What later steps depend on beside the weights; most tasks have nothing.
  virtual NamedTensors state() const { return {}; }
  virtual void load_state(const std::map<std::string, Tensor>&) {}
};

class DiffusionTask : public Task {
 public:
  explicit DiffusionTask(const RunConfig& config) : model_(config.model, config.diffusion, config.train.seed) {}
  Module& network() override { return model_.network(); }
  Tensor loss(const Batch& batch, int64_t step) override { return model_.loss(batch.images, batch.labels, step); }
  NamedTensors state() const override { return model_.state(); }
  void load_state(const std::map<std::string, Tensor>& state) override { model_.load_state(state); }
  DiffusionModel& model() { return model_; }

 private:
  DiffusionModel model_;
};

// LeNet on cross-entropy; images are shifted by up to two pixels.
class ClassifierTask : public Task {
 public:
  explicit ClassifierTask(const RunConfig& config);
  Module& network() override { return lenet_; }
  Tensor loss(const Batch& batch, int64_t step) override;
  LeNet& lenet() { return lenet_; }

 private:
  uint64_t seed_;
  Generator init_;
  LeNet lenet_;
};

// On the configuration's device.
std::unique_ptr<Task> make_task(const RunConfig& config);
// Throws Error when the network of the configuration cannot be trained on these images and labels.
void check_fits(const RunConfig& config, const Dataset& data);

}  // namespace ito
