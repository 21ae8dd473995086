#include "nn/optim.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/optimizer/optimizer.h"

namespace ito {

namespace {

Tensors zeros_like(const NamedTensors& parameters) {
  Tensors out;
  for (const auto& [name, p] : parameters) out.push_back(Tensor::zeros_like(p));
  return out;
}

void append_named(NamedTensors& out, const std::string& prefix, const NamedTensors& parameters, const Tensors& buffers) {
  for (size_t i = 0; i < parameters.size(); ++i) out.emplace_back(prefix + parameters[i].first, buffers[i]);
}

template <class F>
void dispatch_floating(const Tensor& p, F&& f) {
  dispatch<float, double>(p.dtype(), "optimiser", std::forward<F>(f));
}

}  // namespace

double global_norm(const NamedTensors& parameters) {
  double total = 0;
  for (const auto& [name, p] : parameters) {
    const Tensor g = grad_of(p);
    if (!g.defined()) continue;
    const Tensor squares = Tensor::empty({}, DType::f64, g.device());
    dispatch_floating(g, [&]<class T>() { kernels::SumOfSquares<T>::on(g.device())(g.data<T>(), squares.data<double>(), g.numel()); });
    total += squares.item();
  }
  return std::sqrt(total);
}

void clear_gradients(const NamedTensors& parameters) {
  for (const auto& [name, p] : parameters) clear_grad(p);
}

Sgd::Sgd(const NamedTensors& parameters, double momentum, double weight_decay)
    : Optimiser(parameters), momentum_(momentum), weight_decay_(weight_decay), v_(zeros_like(parameters)) {}

void Sgd::step(const StepOptions& o) {
  ++steps_;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor &p = parameters_[i].second, g = grad_of(p);
    if (!g.defined()) continue;
    dispatch_floating(p, [&]<class T>() {
      kernels::Sgd<T>::on(p.device())(p.data<T>(), g.data<T>(), v_[i].data<T>(), p.numel(), {o.lr, momentum_, weight_decay_, o.gradient_scale});
    });
    p.mark_written();
  }
}

NamedTensors Sgd::state() const {
  NamedTensors out;
  append_named(out, "v.", parameters_, v_);
  return out;
}

Adam::Adam(const NamedTensors& parameters, const AdamOptions& options)
    : Optimiser(parameters), options_(options), m_(zeros_like(parameters)), v_(zeros_like(parameters)) {}

void Adam::step(const StepOptions& o) {
  kernels::AdamStep step{.lr = o.lr, .beta1 = options_.beta1, .beta2 = options_.beta2, .eps = options_.eps};
  (options_.decoupled ? step.decay : step.l2) = options_.weight_decay;
  step.gradient_scale = o.gradient_scale;
  step.t = ++steps_;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor &p = parameters_[i].second, g = grad_of(p);
    if (!g.defined()) continue;
    dispatch_floating(
        p, [&]<class T>() { kernels::Adam<T>::on(p.device())(p.data<T>(), g.data<T>(), m_[i].data<T>(), v_[i].data<T>(), p.numel(), step); });
    p.mark_written();
  }
}

NamedTensors Adam::state() const {
  NamedTensors out;
  append_named(out, "m.", parameters_, m_);
  append_named(out, "v.", parameters_, v_);
  return out;
}

double LearningRate::at(int64_t n, double share_done) const {
  if (n < warmup) return base * double(n + 1) / double(warmup);
  return cosine ? base * 0.5 * (1 + std::cos(std::numbers::pi * std::min(1.0, share_done))) : base;
}

MovingAverage::MovingAverage(const NamedTensors& parameters, double limit) : parameters_(parameters), limit_(limit) {
  for (const auto& [name, p] : parameters) averages_.push_back(p.clone());
}

double MovingAverage::decay() const { return std::min(limit_, double(1 + updates_) / double(10 + updates_)); }

void MovingAverage::update() {
  const double d = decay();
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& p = parameters_[i].second;
    dispatch_floating(p, [&]<class T>() { kernels::Ema<T>::on(p.device())(averages_[i].data<T>(), p.data<T>(), p.numel(), d); });
  }
  ++updates_;
}

NamedTensors MovingAverage::state() const {
  NamedTensors out;
  append_named(out, "", parameters_, averages_);
  return out;
}

}  // namespace ito
