#include "diffusion/model.h"

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/compare.h"
#include "autograd/ops/concat.h"
#include "autograd/ops/loss.h"
#include "diffusion/schedule.h"

namespace ito {

namespace {
enum Stream : uint32_t { initialisation, times, noise, hidden_labels, dropout_stream };

Generator generator_for(uint64_t seed, Stream stream, uint32_t call = 0) { return {.seed = seed, .stream = stream, .call = call}; }
}  // namespace

DiffusionModel::DiffusionModel(const UNetOptions& network, const DiffusionOptions& o, uint64_t seed)
    : seed_(seed),
      init_(generator_for(seed, initialisation)),
      network_(network, init_),
      process_(beta_schedule(o.schedule, o.steps)),
      prediction_(prediction_named(o.prediction)),
      dtype_(o.dtype),
      label_dropout_(o.label_dropout) {}

Tensor DiffusionModel::run(const Tensor& x, const Tensor& t, const Tensor& labels, Generator& random) const {
  return cast(network_(cast(x, dtype_), t, labels, random), x.dtype());
}

Tensor DiffusionModel::loss(const Tensor& x, const Tensor& labels, int64_t step) {
  const int64_t n = x.extent(0);
  const uint32_t call = uint32_t(step);
  const Tensor t = randint_from({n}, 0, process_.steps(), generator_for(seed_, times, call), 0);
  const Tensor eps = normal_from(x.shape(), generator_for(seed_, noise, call), 0, DType::f32, x.device());
  const MarginalTensors m = marginals(process_, t, x.device());
  Tensor network_time = Tensor::empty({n}), shown;
  for (int64_t i = 0; i < n; ++i) network_time.data<float>()[i] = float(process_.network_time(t.data<int64_t>()[i]));
  if (has_classes()) {
    ITO_CHECK(labels.defined(), "the network has classes, but the data set has no labels");
    shown = labels.to(Device::cpu).clone();
    const Tensor u = uniform_from({n}, generator_for(seed_, hidden_labels, call), 0);
    for (int64_t i = 0; i < n; ++i)
      if (u.data<float>()[i] < label_dropout_) shown.data<int64_t>()[i] = classes();
    shown = shown.to(x.device());
  }
  Generator dropout = generator_for(seed_, dropout_stream, call * 1024);
  const Tensor output = run(m.scale * x + m.deviation * eps, network_time.to(x.device()), shown, dropout);
  return mse_loss(output, prediction_target(prediction_, x, eps, m));
}

Denoiser DiffusionModel::denoiser(const Tensor& labels, double guidance) {
  ITO_CHECK(guidance == 0 || has_classes(), "guidance needs a network with classes");
  return [this, labels, guidance](const Tensor& x, int64_t t) {
    const int64_t n = x.extent(0);
    Generator unused;
    const auto f = [&](const Tensor& images, const Tensor& shown) {
      return run(images, Tensor::full({images.extent(0)}, process_.network_time(t), DType::f32, images.device()), shown, unused);
    };
    Tensor output;
    if (guidance == 0 || !labels.defined()) {
      output = f(x, labels);
    } else {
      const Tensor both = f(concat({x, x}, 0), concat({labels, Tensor::full({n}, double(classes()), DType::i64, x.device())}, 0));
      output = both.rows(0, n) * (1 + guidance) - both.rows(n, 2 * n) * guidance;
    }
    return from_prediction(prediction_, output, x, process_.marginal(t));
  };
}

}  // namespace ito
