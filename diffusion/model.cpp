#include "diffusion/model.h"

#include <algorithm>
#include <cmath>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/compare.h"
#include "autograd/ops/concat.h"
#include "autograd/ops/loss.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/unary.h"
#include "diffusion/processes.h"
#include "diffusion/schedule.h"

namespace ito {

namespace {
enum Stream : uint32_t { initialisation, times_stream, noise, hidden_labels, dropout_stream };

Generator generator_for(uint64_t seed, Stream stream, uint32_t call = 0) { return {.seed = seed, .stream = stream, .call = call}; }
}  // namespace

std::unique_ptr<NoiseProcess> make_process(const DiffusionOptions& o) {
  if (o.process == "ddpm") return std::make_unique<Ddpm>(beta_schedule(o.schedule, o.steps));
  if (o.process == "vp") return std::make_unique<Vp>(VpOptions{o.beta_min, o.beta_max, o.first});
  if (o.process == "sub-vp") return std::make_unique<SubVp>(VpOptions{o.beta_min, o.beta_max, o.first});
  if (o.process == "ve") return std::make_unique<Ve>(VeOptions{o.sigma_min, o.sigma_max});
  if (o.process == "edm") return std::make_unique<Edm>(EdmOptions{.sigma_min = o.sigma_min, .sigma_max = o.sigma_max});
  fail("no process '", o.process, "'; there are: ddpm vp sub-vp ve edm");
}

DiffusionOptions usual_options(const std::string& process) {
  DiffusionOptions o{.process = process};
  if (process != "ddpm") o.prediction = "epsilon";
  if (process == "ve" || process == "edm") o.scale_input = true;
  if (process == "edm") {
    o.sigma_min = 0.002;
    o.sigma_max = 80;
    o.prediction = o.weighting = "edm";
    o.times = "log-normal";
  }
  return o;
}

DiffusionModel::DiffusionModel(const NetworkOptions& network, const DiffusionOptions& o, uint64_t seed)
    : seed_(seed),
      o_(o),
      init_(generator_for(seed, initialisation)),
      network_(make_network(network, init_)),
      classes_(classes_of(network)),
      process_(make_process(o)),
      prediction_(prediction_named(o.prediction)),
      weighting_(weighting_named(o.weighting)) {
  ITO_CHECK(o.times == "uniform" || o.times == "log-normal", "no training times '", o.times, "'; there are: uniform log-normal");
}

Tensor DiffusionModel::run(const Tensor& x, const std::vector<double>& t, const Tensor& labels, Generator& random) const {
  Tensor times = Tensor::empty({int64_t(t.size())}), seen = x;
  std::transform(t.begin(), t.end(), times.data<float>(), [&](double time) { return float(process_->network_time(time)); });
  if (o_.scale_input) {
    std::vector<double> scales;
    for (const Marginal& m : marginals_at(*process_, t)) scales.push_back(1 / std::hypot(m.scale * o_.data_deviation, m.deviation));
    seen = x * each_image(scales, x.device());
  }
  return cast(network_.call(cast(seen, o_.dtype), times.to(x.device()), labels, random), x.dtype());
}

std::vector<double> DiffusionModel::training_times(int64_t n, uint32_t call) const {
  const Generator key = generator_for(seed_, times_stream, call);
  const NoiseProcess& p = *process_;
  std::vector<double> t(static_cast<size_t>(n));
  const int64_t count = o_.process == "ddpm" ? o_.steps : o_.process == "ve" ? o_.levels : 0;
  if (count > 0) {
    const std::vector<int64_t> index = randint_from({n}, 0, count, key, 0).to_vector<int64_t>();
    const double spacing = count > 1 ? (p.last() - p.first()) / double(count - 1) : 0;
    std::transform(index.begin(), index.end(), t.begin(), [&](int64_t i) { return p.first() + double(i) * spacing; });
  } else if (o_.times == "log-normal") {
    const std::vector<double> z = normal_from({n}, key, 0).to_vector<double>();
    std::transform(z.begin(), z.end(), t.begin(), [&](double v) { return std::clamp(std::exp(-1.2 + 1.2 * v), p.first(), p.last()); });
  } else {
    const std::vector<double> u = uniform_from({n}, key, 0).to_vector<double>();
    std::transform(u.begin(), u.end(), t.begin(), [&](double v) { return p.earliest() + v * (p.last() - p.earliest()); });
  }
  return t;
}

Tensor DiffusionModel::loss(const Tensor& x, const Tensor& labels, int64_t step) {
  const int64_t n = x.extent(0);
  const auto call = uint32_t(step);
  const std::vector<double> t = training_times(n, call);
  const Tensor eps = normal_from(x.shape(), generator_for(seed_, noise, call), 0, DType::f32, x.device());
  Tensor shown;
  if (has_classes()) {
    ITO_CHECK(labels.defined(), "the network has classes, but the data set has no labels");
    shown = labels.to(Device::cpu).clone();
    const Tensor u = uniform_from({n}, generator_for(seed_, hidden_labels, call), 0);
    for (int64_t i = 0; i < n; ++i)
      if (u.data<float>()[i] < o_.label_dropout) shown.data<int64_t>()[i] = classes();
    shown = shown.to(x.device());
  }
  Generator dropout = generator_for(seed_, dropout_stream, call * 1024);
  const std::vector<Marginal> m = marginals_at(*process_, t);
  const MarginalTensors each = each_marginal(m, x.device());
  const Tensor output = run(each.scale * x + each.deviation * eps, t, shown, dropout);
  const Tensor target = prediction_target(prediction_, x, eps, m, o_.data_deviation);
  std::vector<double> weights;
  for (const double time : t) weights.push_back(target_weight(weighting_, prediction_, *process_, time, o_.data_deviation));
  if (std::all_of(weights.begin(), weights.end(), [](double w) { return w == 1; })) return mse_loss(output, target);
  return mean(square(output - target) * each_image(weights, x.device()));
}

Denoiser DiffusionModel::denoiser(const Tensor& labels, double guidance) {
  ITO_CHECK(guidance == 0 || has_classes(), "guidance needs a network with classes");
  return [this, labels, guidance](const Tensor& x, double t) {
    const int64_t n = x.extent(0);
    Generator unused;
    const auto f = [&](const Tensor& images, const Tensor& shown) {
      return run(images, std::vector<double>(size_t(images.extent(0)), t), shown, unused);
    };
    Tensor output;
    if (guidance == 0 || !labels.defined()) {
      output = f(x, labels);
    } else {
      const Tensor both = f(concat({x, x}, 0), concat({labels, Tensor::full({n}, double(classes()), DType::i64, x.device())}, 0));
      output = both.rows(0, n) * (1 + guidance) - both.rows(n, 2 * n) * guidance;
    }
    return from_prediction(prediction_, output, x, process_->marginal(t), o_.data_deviation);
  };
}

}  // namespace ito
