#include "diffusion/model.h"

#include <algorithm>
#include <cmath>

#include "autograd/graph.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/compare.h"
#include "autograd/ops/concat.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/unary.h"
#include "diffusion/learned_variance.h"
#include "diffusion/processes.h"
#include "diffusion/schedule.h"

namespace ito {

namespace {
enum Stream : uint32_t { initialisation, times_stream, noise, hidden_labels, dropout_stream };

Generator generator_for(uint64_t seed, Stream stream, uint32_t call = 0) { return {.seed = seed, .stream = stream, .call = call}; }
}  // namespace

std::unique_ptr<NoiseProcess> make_process(const DiffusionOptions& o) {
  if (o.process == "ddpm") return std::make_unique<Ddpm>(beta_schedule(o.schedule, o.steps));
  if (o.process == "vp") return std::make_unique<Vp>(VpOptions{o.beta_min, o.beta_max, o.first, o.beta_curve});
  if (o.process == "sub-vp") return std::make_unique<SubVp>(VpOptions{o.beta_min, o.beta_max, o.first, o.beta_curve});
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

void check_options(const DiffusionOptions& o) {
  const bool discrete = o.process == "ddpm" || (o.process == "ve" && o.levels > 0);
  ITO_CHECK(o.times == "uniform" || o.times == "log-normal" || o.times == "importance", "config: no diffusion.times '", o.times,
            "'; there are: uniform log-normal importance");
  ITO_CHECK(o.times != "importance" || discrete, "config: diffusion.times 'importance' needs a process of discrete times: ddpm, or ve with levels");
  ITO_CHECK(o.variance == "fixed" || o.variance == "learned", "config: no diffusion.variance '", o.variance, "'; there are: fixed learned");
  ITO_CHECK(o.variance == "fixed" || o.process == "ddpm", "config: diffusion.variance 'learned' needs diffusion.process 'ddpm'");
}

DiffusionModel::DiffusionModel(const NetworkOptions& network, const DiffusionOptions& o, uint64_t seed)
    : seed_(seed),
      o_(o),
      init_(generator_for(seed, initialisation)),
      network_(make_network(o.variance == "learned" ? with_range(network) : network, init_)),
      classes_(classes_of(network)),
      process_(make_process(o)),
      prediction_(prediction_named(o.prediction)),
      weighting_(weighting_named(o.weighting)),
      decoder_(std::holds_alternative<MlpOptions>(network) ? Decoder::density : Decoder::discretised) {
  check_options(o);
  if (o.times == "importance") importance_.emplace(discrete_times());
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

int64_t DiffusionModel::discrete_times() const { return o_.process == "ddpm" ? o_.steps : o_.process == "ve" ? o_.levels : 0; }

DiffusionModel::Times DiffusionModel::training_times(int64_t n, uint32_t call) const {
  const Generator key = generator_for(seed_, times_stream, call);
  const NoiseProcess& p = *process_;
  Times out{.t = std::vector<double>(size_t(n))};
  std::vector<double>& t = out.t;
  if (const int64_t count = discrete_times(); count > 0) {
    out.index = importance_ && recording() ? importance_->draw(n, key) : uniform_times(n, count, key);
    const double spacing = count > 1 ? (p.last() - p.first()) / double(count - 1) : 0;
    const int64_t* index = out.index.t.data<int64_t>();
    std::transform(index, index + n, t.begin(), [&](int64_t i) { return p.first() + double(i) * spacing; });
  } else {
    t = spread_uniform(n, key);
    for (double& u : t)
      u = o_.times == "log-normal" ? p.time_of_ratio(std::exp(o_.log_mean + o_.log_deviation * normal_quantile(u)))
                                   : p.earliest() + u * (p.last() - p.earliest());
  }
  out.marginals = marginals_at(p, t);
  return out;
}

Tensor DiffusionModel::errors(const Tensor& x0, const Tensor& x, const Tensor& eps, const Times& times, const Tensor& output) const {
  const Tensor target = prediction_target(prediction_, x0, eps, times.marginals, o_.data_deviation);
  std::vector<double> weights;
  for (const double t : times.t) weights.push_back(target_weight(weighting_, prediction_, *process_, t, o_.data_deviation));
  const Tensor weight = each_image(weights, x0.device()).view({x0.extent(0)});
  const auto squares = [&](const Tensor& predicted) { return mean(square(predicted - target), {{1, 2, 3}}) * weight; };
  if (o_.variance == "fixed") return squares(output);
  const MeanAndRange halves = split_mean_and_range(output);
  std::vector<double> of_x, of_output;
  for (const Marginal& marginal : times.marginals) {
    const ToX0 to = to_x0(prediction_, marginal, o_.data_deviation);
    of_x.push_back(to.x_weight);
    of_output.push_back(to.output_weight);
  }
  const Tensor predicted = each_image(of_x, x.device()) * x + each_image(of_output, x.device()) * halves.mean;
  const auto& process = dynamic_cast<const Ddpm&>(*process_);
  return hybrid_loss(squares(halves.mean), vlb_loss(process, x0, x, times.index.t, predicted, halves.v, decoder_));
}

Tensor DiffusionModel::loss(const Tensor& x0, const Tensor& labels, int64_t step) {
  const int64_t n = x0.extent(0);
  const auto call = uint32_t(step);
  const Times times = training_times(n, call);
  const Tensor eps = normal_from(x0.shape(), generator_for(seed_, noise, call), 0, DType::f32, x0.device());
  Tensor shown;
  if (has_classes()) {
    ITO_CHECK(labels.defined(), "the network has classes, but the data set has no labels");
    shown = labels.to(Device::cpu).clone();
    const Tensor u = uniform_from({n}, generator_for(seed_, hidden_labels, call), 0);
    for (int64_t i = 0; i < n; ++i)
      if (u.data<float>()[i] < o_.label_dropout) shown.data<int64_t>()[i] = classes();
    shown = shown.to(x0.device());
  }
  Generator dropout = generator_for(seed_, dropout_stream, call * 1024);
  const MarginalTensors each = each_marginal(times.marginals, x0.device());
  const Tensor x = each.scale * x0 + each.deviation * eps;
  const Tensor losses = errors(x0, x, eps, times, run(x, times.t, shown, dropout));
  if (!importance_ || !recording()) return mean(losses);
  // A loss that is not finite ends the training; it must not end it here, without the trainer's diagnosis.
  if (const Tensor seen = losses.detach().to(Device::cpu); std::isfinite(sum(seen).item())) importance_->record(times.index.t, seen);
  return mean(losses * cast(times.index.weight, losses.dtype()).to(x0.device()));
}

NamedTensors DiffusionModel::state() const {
  if (!importance_) return {};
  return {{"losses", importance_->state()}};
}

void DiffusionModel::load_state(const std::map<std::string, Tensor>& state) {
  if (!importance_) return;
  const auto found = state.find("losses");
  ITO_CHECK(found != state.end(), "the losses by which times are drawn are missing");
  importance_->load_state(found->second);
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
    MeanAndRange halves{.mean = output, .v = {}};
    if (o_.variance == "learned") halves = split_mean_and_range(output);
    Denoised d = from_prediction(prediction_, halves.mean, x, process_->marginal(t), o_.data_deviation);
    d.range = halves.v;
    return d;
  };
}

}  // namespace ito
