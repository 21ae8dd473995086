#include "cli/sampling.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <unistd.h>

#include "data/plot.h"
#include "data/png.h"
#include "data/points.h"

namespace ito::cli {

namespace {
enum Stream : uint32_t { labels_stream = 101 };

const RunConfig& checked(const RunConfig& config) {
  ITO_CHECK(config.task == "diffusion", "this checkpoint is a ", config.task, " and makes no images");
  return config;
}

// (H, W, C) of what the network was trained on.
Shape image_shape(const RunConfig& config) {
  if (config.image.rank() == 3) return config.image;
  const bool mnist = config.data.name == "mnist" || config.data.name == "fashion-mnist";
  if (mnist) return {28, 28, 1};
  if (is_point_set(config.data.name)) return {1, 1, 2};
  if (config.data.name == "triangles") return {config.data.size, config.data.size, config.data.channels};
  const Shape all = load_dataset(config.data).images.shape();
  return {all[1], all[2], all[3]};
}
}  // namespace

void check_writable(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string(), place = folder.empty() ? "." : folder;
  ITO_CHECK(!std::filesystem::is_directory(path), "cannot write ", path, ": it is a folder; give a file in it");
  // A file is written beside its place and then takes it: from a device or a pipe it would take the name.
  ITO_CHECK(!std::filesystem::exists(path) || std::filesystem::is_regular_file(path), "cannot write ", path,
            ": it is no ordinary file; choose another");
  ITO_CHECK(::access(place.c_str(), W_OK) == 0, "cannot write ", path, ": ", std::strerror(errno), "; make the folder or choose another");
}

SampleOptions sample_options(const SamplerArguments& o, const RunConfig& config) {
  SampleOptions how = config.sample;
  SamplerOptions& s = how.how;
  const std::unique_ptr<NoiseProcess> process = make_process(config.diffusion);
  if (!o.sampler.empty() && o.sampler != s.sampler) {
    s.sampler = o.sampler;
    s.steps = default_steps(o.sampler, *process);
  }
  if (o.steps) s.spacing.clear();
  s.steps = o.steps.value_or(s.steps);
  if (!o.spacing.empty()) s.spacing = o.spacing;
  if (!o.variance.empty()) s.variance = o.variance;
  s.eta = o.eta.value_or(s.eta);
  if (!o.predictor.empty()) s.predictor = o.predictor;
  s.corrector_steps = o.corrector_steps.value_or(s.corrector_steps);
  s.snr = o.snr.value_or(s.snr);
  s.langevin_step = o.langevin_step.value_or(s.langevin_step);
  s.langevin_steps = o.langevin_steps.value_or(s.langevin_steps);
  s.langevin_growth = o.langevin_growth.value_or(s.langevin_growth);
  if (!o.langevin_noise.empty()) s.langevin_noise = o.langevin_noise;
  s.tolerance = o.tolerance.value_or(s.tolerance);
  s.churn = o.churn.value_or(s.churn);
  s.resample = o.resample.value_or(s.resample);
  how.guidance = o.guidance.value_or(how.guidance);
  check_sampler(s, *process);
  ITO_CHECK(how.guidance >= 0, "--guidance must be at least 0, got ", how.guidance);
  return how;
}

Tensor picture_of(const Tensor& images, const RunConfig& config, int64_t columns) {
  if (is_point_set(config.data.name)) return scatter(images, {.size = 360, .scale = point_set(config.data.name).scale});
  return image_grid(to_bytes(images), {.columns = columns});
}

ImageSource::ImageSource(const Checkpoint& checkpoint, const std::string& device)
    : config_(checked(checkpoint.config)),
      device_(device_named(device.empty() ? config_.device : device)),
      task_(config_),
      image_(image_shape(config_)) {
  task_.network().to(device_);
  task_.network().load_state(checkpoint.weights(), checkpoint.path);
  task_.network().set_training(false);
}

Denoiser ImageSource::denoiser(const Tensor& labels, double guidance) {
  DiffusionModel& model = task_.model();
  return model.denoiser(model.has_classes() && labels.defined() ? labels.to(device_) : Tensor(), guidance);
}

Tensor ImageSource::batch(int64_t first, int64_t n, uint64_t seed, int64_t label, const SampleOptions& o,
                          std::function<void(double, const Tensor&)> watch) {
  DiffusionModel& model = task_.model();
  Tensor labels;
  if (model.has_classes())
    labels = label >= 0 ? Tensor::full({n}, double(label), DType::i64)
                        : randint_from({n}, 0, model.classes(), {.seed = seed, .stream = labels_stream}, first);
  SamplerOptions s = o.how;
  if (s.start.defined()) s.start = s.start.rows(first, first + n);
  s.seed = seed;
  s.first_image = first;
  s.device = device_;
  s.watch = std::move(watch);
  return sample(model.process(), denoiser(labels, o.guidance), {n, image_[0], image_[1], image_[2]}, s);
}

Tensor ImageSource::images(int64_t n, uint64_t seed, int64_t label, const SampleOptions& o, const std::function<void(int64_t)>& progress) {
  ITO_CHECK(n >= 1, "--n must be at least 1, got ", n);
  const int64_t at_once = std::max<int64_t>(50, 10000 / image_.numel());
  const Tensor out = Tensor::empty({n, image_[0], image_[1], image_[2]});
  for (int64_t first = 0; first < n; first += at_once) {
    const int64_t last = std::min(n, first + at_once);
    out.rows(first, last).copy_from(batch(first, last - first, seed, label, o, {}));
    if (progress) progress(last);
  }
  return out;
}

Tensor ImageSource::strip(int64_t n, int64_t frames, uint64_t seed, const SampleOptions& o) {
  Tensors stages;
  batch(0, n, seed, -1, o, [&](double, const Tensor& x) { stages.push_back(x.clone()); });
  const Tensor out = Tensor::empty({n * frames, image_[0], image_[1], image_[2]});
  for (int64_t f = 0; f < frames; ++f) {
    const Tensor& x = stages[size_t(f * int64_t(stages.size() - 1) / (frames - 1))];
    for (int64_t i = 0; i < n; ++i) out.rows(i * frames + f, i * frames + f + 1).copy_from(x.rows(i, i + 1));
  }
  return out;
}

}  // namespace ito::cli
