// Optimisers, learning-rate schedules, gradient clipping, moving averages. All work on the parameters of a module, in place, by name.
#pragma once

#include "nn/module.h"

namespace ito {

// The L2 norm of all gradients together; parameters without gradient count as 0.
double global_norm(const NamedTensors& parameters);
void clear_gradients(const NamedTensors& parameters);

struct StepOptions {
  double lr = 1e-3;
  double gradient_scale = 1;  // multiplies every gradient: min(1, limit / global_norm) clips by the global norm (Pascanu et al. 2013)
};

class Optimiser {
 public:
  explicit Optimiser(NamedTensors parameters) : parameters_(std::move(parameters)) {}
  virtual ~Optimiser() = default;
  // One update from the gradients that backward() left. Parameters without gradient stay.
  virtual void step(const StepOptions& options) = 0;
  // The buffers ("m.down.0.conv.weight", ...) for a checkpoint; writing into them restores it.
  virtual NamedTensors state() const = 0;
  int64_t steps() const { return steps_; }
  void set_steps(int64_t steps) { steps_ = steps; }

 protected:
  NamedTensors parameters_;
  int64_t steps_ = 0;
};

class Sgd : public Optimiser {
 public:
  Sgd(const NamedTensors& parameters, double momentum = 0, double weight_decay = 0);
  void step(const StepOptions& options) override;
  NamedTensors state() const override;

 private:
  double momentum_, weight_decay_;
  Tensors v_;
};

struct AdamOptions {
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  double weight_decay = 0;
  bool decoupled = false;  // AdamW: the decay acts on the weights, not through the gradient
};

class Adam : public Optimiser {
 public:
  Adam(const NamedTensors& parameters, const AdamOptions& options = {});
  void step(const StepOptions& options) override;
  NamedTensors state() const override;

 private:
  AdamOptions options_;
  Tensors m_, v_;
};

// The learning rate of step n, counted from 0: linear from base/warmup to base, then constant, or half a cosine that reaches 0 with the end of the
// budget (Loshchilov & Hutter 2017, eq. 5, without restarts).
struct LearningRate {
  double base = 1e-3;
  int64_t warmup = 0;
  bool cosine = false;
  double at(int64_t n, double share_done) const;  // share of the budget that is used up, 0 to 1
};

// Exponential moving average of parameters, with the warm-up of TensorFlow's: decay min(limit, (1 + n) / (10 + n)) at update n, counted from 0.
class MovingAverage {
 public:
  MovingAverage(const NamedTensors& parameters, double limit);
  void update();
  NamedTensors state() const;  // the averages under the parameters' names
  int64_t updates() const { return updates_; }
  void set_updates(int64_t updates) { updates_ = updates; }
  double decay() const;

 private:
  NamedTensors parameters_;
  Tensors averages_;
  double limit_;
  int64_t updates_ = 0;
};

}  // namespace ito
