#include "nn/optim.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <tuple>

#include "autograd/profile.h"
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

// What an optimiser's kernel is given: a row a tensor, by type.
template <template <class> class Row>
class Rows {
 public:
  // row.operator()<T>() for a parameter of type T.
  template <class F>
  void add(const Tensor& p, F&& row) {
    ITO_CHECK(!first_.defined() || p.device() == first_.device(), "[optimiser] parameters on ", name_of(first_.device()), " and on ",
              name_of(p.device()));
    first_ = p;
    dispatch<float, double>(p.dtype(), "optimiser", [&]<class T>() { of<T>().push_back(row.template operator()<T>()); });
  }

  // run.operator()<T>(device, rows) for each type that there is.
  template <class F>
  void run(F&& run) const {
    const auto run_for = [&]<class T>() {
      if (const auto& rows = std::get<std::vector<Row<T>>>(rows_); !rows.empty()) run.template operator()<T>(first_.device(), std::span(rows));
    };
    run_for.template operator()<float>();
    run_for.template operator()<double>();
  }

 private:
  template <class T>
  std::vector<Row<T>>& of() {
    return std::get<std::vector<Row<T>>>(rows_);
  }
  std::tuple<std::vector<Row<float>>, std::vector<Row<double>>> rows_;
  Tensor first_;
};

}  // namespace

double global_norm(const NamedTensors& parameters) {
  Rows<kernels::SquaresTensor> rows;
  for (const auto& [name, p] : parameters)
    if (const Tensor g = grad_of(p); g.defined()) rows.add(g, [&]<class T>() { return kernels::SquaresTensor<T>{g.data<T>(), g.numel()}; });
  double total = 0;
  rows.run([&]<class T>(Device device, std::span<const kernels::SquaresTensor<T>> tensors) {
    const Tensor squares = Tensor::empty({}, DType::f64, device);
    kernels::SumOfSquares<T>::on(device)(tensors, squares.data<double>());
    total += squares.item();
  });
  return std::sqrt(total);
}

void clear_gradients(const NamedTensors& parameters) {
  for (const auto& [name, p] : parameters) clear_grad(p);
}

Sgd::Sgd(const NamedTensors& parameters, double momentum, double weight_decay)
    : Optimiser(parameters), momentum_(momentum), weight_decay_(weight_decay), v_(zeros_like(parameters)) {}

void Sgd::step(const StepOptions& o) {
  ++steps_;
  Rows<kernels::SgdTensor> rows;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor &p = parameters_[i].second, g = grad_of(p);
    if (!g.defined()) continue;
    rows.add(p, [&]<class T>() { return kernels::SgdTensor<T>{p.data<T>(), g.data<T>(), v_[i].data<T>(), p.numel()}; });
    p.mark_written();
  }
  const kernels::SgdStep step{o.lr, momentum_, weight_decay_, o.gradient_scale};
  rows.run([&]<class T>(Device device, std::span<const kernels::SgdTensor<T>> tensors) { kernels::Sgd<T>::on(device)(tensors, step); });
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
  Rows<kernels::AdamTensor> rows;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor &p = parameters_[i].second, g = grad_of(p);
    if (!g.defined()) continue;
    rows.add(p, [&]<class T>() { return kernels::AdamTensor<T>{p.data<T>(), g.data<T>(), m_[i].data<T>(), v_[i].data<T>(), p.numel()}; });
    p.mark_written();
  }
  const ProfiledScope scope("adam step", false);
  rows.run([&]<class T>(Device device, std::span<const kernels::AdamTensor<T>> tensors) { kernels::Adam<T>::on(device)(tensors, step); });
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
  Rows<kernels::EmaTensor> rows;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& p = parameters_[i].second;
    rows.add(p, [&]<class T>() { return kernels::EmaTensor<T>{averages_[i].data<T>(), p.data<T>(), p.numel()}; });
  }
  rows.run([&]<class T>(Device device, std::span<const kernels::EmaTensor<T>> tensors) { kernels::Ema<T>::on(device)(tensors, decay()); });
  ++updates_;
}

NamedTensors MovingAverage::state() const {
  NamedTensors out;
  append_named(out, "", parameters_, averages_);
  return out;
}

}  // namespace ito
