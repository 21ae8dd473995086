#include "diffusion/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>
#include <numeric>

namespace ito {

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

std::unique_ptr<Optimiser> make_optimiser(const NamedTensors& parameters, const TrainOptions& o) {
  if (o.optimiser == "sgd") return std::make_unique<Sgd>(parameters, o.beta1, o.weight_decay);
  return std::make_unique<Adam>(parameters, AdamOptions{o.beta1, o.beta2, 1e-8, o.weight_decay, o.optimiser == "adamw"});
}

// The budget in steps, 0 when it is one of time.
int64_t step_budget(const TrainOptions& o, int64_t steps_per_epoch) {
  return o.steps > 0 ? o.steps : int64_t(std::ceil(o.epochs * double(steps_per_epoch)));
}

// The first images of the test set, as many as a batch has; of a set that is drawn no more are drawn.
Batch test_batch(const RunConfig& config) {
  DatasetOptions o = config.data;
  o.split = Split::test;
  o.count = o.limit = config.train.batch;
  const Dataset set = load_dataset(o);
  ITO_CHECK(set.size() > 0, "'", set.name, "' is too small to keep a tenth apart");
  return {unit_range(set.images), set.labels};
}

// Stands for a step that no training gets to, so that times and noise of the test loss are always the same, and those of no batch.
constexpr int64_t test_step = std::numeric_limits<uint32_t>::max();

}  // namespace

Trainer::Trainer(const RunConfig& config, const std::string& folder)
    : config_(config),
      device_(device_named(config.device)),
      folder_(folder),
      loader_(load_dataset(config.data),
              {.batch = config.train.batch, .seed = config.train.seed, .flip = config.train.flip, .rotate = config.train.rotate}),
      task_(make_task(config)),
      parameters_(task_->network().parameters()),
      optimiser_(make_optimiser(parameters_, config.train)),
      ema_(parameters_, config.train.ema) {
  check_fits(config, loader_.dataset());
  config_.image = loader_.dataset().images.shape().without(0);
  const TrainOptions& o = config.train;
  const int budgets = (o.steps > 0) + (o.epochs > 0) + (o.minutes > 0);
  ITO_CHECK(budgets == 1, "config: give one budget: train.steps, train.epochs or train.minutes (", budgets, " are set)");
  rate_ = {o.lr, o.warmup, o.schedule == "cosine"};
  try {
    test_ = on_device(test_batch(config));
  } catch (const Error& error) {
    why_untested_ = error.what();
  }
}

void Trainer::resume() {
  const Checkpoint checkpoint = load_checkpoint(checkpoint_path());
  restore(checkpoint, *task_, ema_, *optimiser_);
  progress_ = checkpoint.progress;
}

double Trainer::share_done() const {
  const int64_t total = step_budget(config_.train, loader_.steps_per_epoch());
  return std::min(1.0, total > 0 ? double(progress_.step) / double(total) : progress_.seconds / (60 * config_.train.minutes));
}

void Trainer::fail_not_finite(const Batch& batch) {
  std::string culprit = "nothing in a second pass: the loss overflowed";
  try {
    const FindNonFinite watch;
    clear_gradients(parameters_);
    backward(task_->loss(batch, progress_.step));
  } catch (const Error& error) {
    culprit = error.what();
  }
  fail("training stopped at step ", progress_.step, ": the loss or its gradient is not finite; ", culprit,
       std::filesystem::exists(checkpoint_path()) ? ". The last checkpoint is kept; try" : ". There is no checkpoint yet; try",
       " a smaller train.lr");
}

Batch Trainer::on_device(Batch batch) const {
  batch.images = batch.images.to(device_);
  if (batch.labels.defined()) batch.labels = batch.labels.to(device_);
  return batch;
}

std::optional<double> Trainer::test_loss() {
  if (!test_.images.defined()) return {};
  const NoGrad guard;
  task_->network().set_training(false);
  const double loss = task_->loss(test_, test_step).item();
  task_->network().set_training(true);
  return loss;
}

double Trainer::one_step() {
  const Batch batch = on_device(loader_.at(progress_.step));
  clear_gradients(parameters_);
  const Tensor loss = task_->loss(batch, progress_.step);
  backward(loss);
  gradient_norm_ = global_norm(parameters_);
  if (!std::isfinite(loss.item()) || !std::isfinite(gradient_norm_)) fail_not_finite(batch);
  const double limit = config_.train.clip, scale = limit > 0 && gradient_norm_ > limit ? limit / gradient_norm_ : 1;
  lr_ = rate_.at(progress_.step, share_done());
  optimiser_->step({lr_, scale});
  ema_.update();
  ++progress_.step;
  return loss.item();
}

void Trainer::save() { save_checkpoint(checkpoint_path(), config_, *task_, ema_, *optimiser_, progress_); }

void Trainer::run(const std::function<void(const StepReport&)>& report, const std::atomic<bool>& stop) {
  const TrainOptions& o = config_.train;
  const double before = progress_.seconds, start = now();
  double last_save = start, last_report = start;
  std::vector<double> losses;  // since the last report
  task_->network().set_training(true);
  const auto tell = [&] {
    const auto n = double(losses.size()), rate = n * double(o.batch) / (now() - last_report);
    const auto [least, largest] = std::minmax_element(losses.begin(), losses.end());
    report({progress_.step, progress_.seconds, std::accumulate(losses.begin(), losses.end(), 0.0) / n, *least, *largest, test_loss(), gradient_norm_,
            lr_, rate, share_done()});
    last_report = now();
    losses.clear();
  };
  while (share_done() < 1 && !stop) {
    losses.push_back(one_step());
    progress_.seconds = before + now() - start;
    if (progress_.step % o.log_steps == 0) tell();
    if ((o.checkpoint_steps > 0 && progress_.step % o.checkpoint_steps == 0) || now() - last_save > 60 * o.checkpoint_minutes) {
      save();
      last_save = now();
    }
  }
  if (!losses.empty()) tell();
  save();
}

}  // namespace ito
