// The training loop: one Task, one data set, a budget. What it does in step n depends on the configuration and n only, so that a run that was stopped
// and resumed ends with the same bits as one that was not.
#pragma once

#include <atomic>
#include <functional>
#include <optional>

#include "diffusion/checkpoint.h"

namespace ito {

struct StepReport {
  int64_t step = 0;                             // steps done
  double seconds = 0;                           // of training
  double loss = 0, loss_min = 0, loss_max = 0;  // of the batches since the last report: mean, least, largest
  std::optional<double> loss_test;              // of the same test images, noise and times in every report; empty without a test set
  double gradient_norm = 0;                     // before clipping
  double lr = 0;
  double images_per_second = 0;
  double done = 0;  // share of the budget, 0 to 1
};

class Trainer {
 public:
  // Throws Error when the data cannot be found or does not fit the network.
  Trainer(const RunConfig& config, const std::string& folder);

  // Goes on from the folder's checkpoint. Throws Error when there is none or it is of another architecture.
  void resume();
  // Trains until the budget is used up or *stop is set; then writes the checkpoint. `report` is called every train.log_steps steps and at the end.
  // Throws Error when the loss or the gradient is not finite: it names the first op that made it so; weights and checkpoint stay as they were.
  void run(const std::function<void(const StepReport&)>& report, const std::atomic<bool>& stop);

  const Progress& progress() const { return progress_; }
  double share_done() const;  // of the budget, 0 to 1
  Task& task() { return *task_; }
  Loader& loader() { return loader_; }
  const std::string& why_untested() const { return why_untested_; }  // why there is no loss_test; empty when there is
  std::string checkpoint_path() const { return folder_ + "/checkpoint.safetensors"; }

 private:
  double one_step();
  Batch on_device(Batch batch) const;
  std::optional<double> test_loss();
  [[noreturn]] void fail_not_finite(const Batch& batch);
  void save();

  RunConfig config_;
  Device device_;
  std::string folder_;
  Loader loader_;
  Batch test_;  // undefined images without a test set
  std::string why_untested_;
  std::unique_ptr<Task> task_;
  NamedTensors parameters_;
  std::unique_ptr<Optimiser> optimiser_;
  MovingAverage ema_;
  LearningRate rate_;
  Progress progress_;
  double gradient_norm_ = 0, lr_ = 0;
};

}  // namespace ito
