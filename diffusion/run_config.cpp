#include "diffusion/run_config.h"

#include <algorithm>

#include "data/config_reader.h"
#include "data/points.h"
#include "data/triangles.h"

namespace ito {

namespace {

// Reads `key` into `value`, which holds the default.
template <class T>
void read(ConfigReader& in, const char* key, T& value) {
  value = in.get(key, value);
}

DatasetOptions read_data(ConfigReader& in) {
  DatasetOptions o;
  read(in, "name", o.name);
  read(in, "path", o.path);
  read(in, "limit", o.limit);
  read(in, "size", o.size);
  read(in, "count", o.count);
  read(in, "channels", o.channels);
  read(in, "drawing", o.drawing);
  read(in, "seed", o.seed);
  ITO_CHECK(o.limit >= 0, "config: data.limit must be at least 0 (all images), got ", o.limit);
  ITO_CHECK(o.size >= 1 && o.size <= 1024, "config: data.size must be 1 to 1024 pixels, got ", o.size);
  ITO_CHECK(o.channels == 1 || o.channels == 3, "config: data.channels must be 1, or 3 for coloured triangles, got ", o.channels);
  ITO_CHECK(o.count >= 1 && o.count <= 1000000000, "config: data.count must be 1 to 10^9, got ", o.count);
  return o;
}

UNetOptions read_unet(ConfigReader& in, UNetOptions o) {
  read(in, "channels", o.channels);
  read(in, "base", o.base);
  read(in, "multipliers", o.multipliers);
  read(in, "blocks", o.blocks);
  read(in, "attention", o.attention);
  read(in, "heads", o.heads);
  read(in, "dropout", o.dropout);
  read(in, "classes", o.classes);
  read(in, "patch", o.patch);
  read(in, "recompute", o.recompute);
  ITO_CHECK(o.channels >= 1 && o.channels <= 1024, "config: model.channels must be 1 to 1024, got ", o.channels);
  ITO_CHECK(o.classes >= 0 && o.classes <= 1000000, "config: model.classes must be 0 to 10^6, got ", o.classes);
  ITO_CHECK(o.base >= 4 && o.base <= 65536 && o.base % 2 == 0, "config: model.base must be even and 4 to 65536, got ", o.base);
  ITO_CHECK(!o.multipliers.empty() && o.multipliers.size() <= 16, "config: model.multipliers must list 1 to 16 levels, got ", o.multipliers.size());
  for (const int64_t m : o.multipliers) ITO_CHECK(m >= 1 && m <= 1024, "config: model.multipliers must be 1 to 1024, got ", m);
  const auto levels = int64_t(o.multipliers.size());
  for (const int64_t level : o.attention)
    ITO_CHECK(level >= 0 && level < levels, "config: model.attention: there is no level ", level, ", they are 0 to ", levels - 1);
  ITO_CHECK(o.blocks >= 1 && o.blocks <= 64 && o.patch >= 1 && o.patch <= 64, "config: model.blocks and model.patch must be 1 to 64");
  for (int64_t level = 0; level < levels; ++level)  // the middle has attention, too
    if (level == levels - 1 || std::count(o.attention.begin(), o.attention.end(), level) > 0) {
      const int64_t channels = o.base * o.multipliers[size_t(level)];
      ITO_CHECK(o.heads >= 1 && channels % o.heads == 0, "config: model.heads must divide the ", channels, " channels of level ", level, ", got ",
                o.heads);
    }
  ITO_CHECK(o.dropout >= 0 && o.dropout < 1, "config: model.dropout must lie in [0, 1), got ", o.dropout);
  return o;
}

ViTOptions read_vit(ConfigReader& in, ViTOptions o) {
  read(in, "channels", o.channels);
  read(in, "size", o.size);
  read(in, "patch", o.patch);
  read(in, "dim", o.dim);
  read(in, "depth", o.depth);
  read(in, "heads", o.heads);
  read(in, "mlp_ratio", o.mlp_ratio);
  read(in, "classes", o.classes);
  return o;
}

MlpOptions read_mlp(ConfigReader& in, MlpOptions o) {
  read(in, "channels", o.channels);
  read(in, "width", o.width);
  read(in, "blocks", o.blocks);
  read(in, "waves", o.waves);
  read(in, "classes", o.classes);
  return o;
}

RefineNetOptions read_refinenet(ConfigReader& in, RefineNetOptions o) {
  read(in, "channels", o.channels);
  read(in, "base", o.base);
  read(in, "levels", o.levels);
  read(in, "units", o.units);
  read(in, "patch", o.patch);
  return o;
}

NetworkOptions read_model(ConfigReader& in) {
  const NetworkOptions defaults = network_named(in.get("kind", std::string("unet")));
  if (const auto* unet = std::get_if<UNetOptions>(&defaults)) return read_unet(in, *unet);
  if (const auto* refinenet = std::get_if<RefineNetOptions>(&defaults)) return read_refinenet(in, *refinenet);
  if (const auto* mlp = std::get_if<MlpOptions>(&defaults)) return read_mlp(in, *mlp);
  return read_vit(in, std::get<ViTOptions>(defaults));
}

DiffusionOptions read_diffusion(ConfigReader& in) {
  DiffusionOptions o = usual_options(in.get("process", std::string("ddpm")));
  read(in, "schedule", o.schedule);
  read(in, "steps", o.steps);
  read(in, "beta_min", o.beta_min);
  read(in, "beta_max", o.beta_max);
  read(in, "beta_curve", o.beta_curve);
  read(in, "first", o.first);
  read(in, "sigma_min", o.sigma_min);
  read(in, "sigma_max", o.sigma_max);
  read(in, "levels", o.levels);
  read(in, "prediction", o.prediction);
  read(in, "weighting", o.weighting);
  read(in, "data_deviation", o.data_deviation);
  read(in, "scale_input", o.scale_input);
  read(in, "times", o.times);
  read(in, "log_mean", o.log_mean);
  read(in, "log_deviation", o.log_deviation);
  read(in, "variance", o.variance);
  read(in, "label_dropout", o.label_dropout);
  ITO_CHECK(o.steps >= 1 && o.steps <= 100000, "config: diffusion.steps must be 1 to 100000, got ", o.steps);
  ITO_CHECK(o.levels >= 0 && o.levels <= 100000, "config: diffusion.levels must be 0 to 100000, got ", o.levels);
  ITO_CHECK(o.data_deviation > 0, "config: diffusion.data_deviation must be positive, got ", o.data_deviation);
  ITO_CHECK(o.label_dropout >= 0 && o.label_dropout <= 1, "config: diffusion.label_dropout must lie in [0, 1], got ", o.label_dropout);
  check_options(o);
  return o;
}

TrainOptions read_train(ConfigReader& in) {
  TrainOptions o;
  read(in, "steps", o.steps);
  read(in, "epochs", o.epochs);
  read(in, "minutes", o.minutes);
  read(in, "batch", o.batch);
  read(in, "optimiser", o.optimiser);
  read(in, "lr", o.lr);
  read(in, "beta1", o.beta1);
  read(in, "beta2", o.beta2);
  read(in, "weight_decay", o.weight_decay);
  read(in, "warmup", o.warmup);
  read(in, "schedule", o.schedule);
  read(in, "clip", o.clip);
  read(in, "ema", o.ema);
  read(in, "seed", o.seed);
  read(in, "checkpoint_minutes", o.checkpoint_minutes);
  read(in, "checkpoint_steps", o.checkpoint_steps);
  read(in, "log_steps", o.log_steps);
  read(in, "flip", o.flip);
  read(in, "rotate", o.rotate);
  ITO_CHECK(o.steps >= 0 && o.epochs >= 0 && o.minutes >= 0, "config: train.steps, train.epochs and train.minutes must not be negative");
  ITO_CHECK(o.batch <= 1000000, "config: train.batch must be at most 10^6, got ", o.batch);
  ITO_CHECK(o.batch >= 1 && o.log_steps >= 1 && o.warmup >= 0, "config: train.batch and train.log_steps must be at least 1, train.warmup at least 0");
  ITO_CHECK(o.steps <= int64_t(UINT32_MAX) && o.epochs <= 1e6, "config: the budget is too large: train.steps ", o.steps, ", train.epochs ", o.epochs);
  ITO_CHECK(o.beta1 >= 0 && o.beta1 < 1 && o.beta2 >= 0 && o.beta2 < 1, "config: train.beta1 and train.beta2 must lie in [0, 1), got ", o.beta1,
            " and ", o.beta2);
  ITO_CHECK(o.weight_decay >= 0, "config: train.weight_decay must be at least 0, got ", o.weight_decay);
  ITO_CHECK(o.checkpoint_minutes >= 0 && o.checkpoint_steps >= 0, "config: train.checkpoint_minutes and train.checkpoint_steps must be at least 0");
  ITO_CHECK(o.lr > 0 && o.ema >= 0 && o.ema < 1 && o.clip >= 0, "config: train.lr must be positive, train.ema in [0, 1), train.clip at least 0");
  ITO_CHECK(o.optimiser == "adamw" || o.optimiser == "adam" || o.optimiser == "sgd", "config: no train.optimiser '", o.optimiser,
            "'; there are: adamw adam sgd");
  ITO_CHECK(o.schedule == "constant" || o.schedule == "cosine", "config: no train.schedule '", o.schedule, "'; there are: constant cosine");
  return o;
}

// Points go beyond [-1, 1], where images end. They are held to a range of their own, as a network's answer may carry one away where there was none in
// training, and the further it is the faster. Steps that are not given are the sampler's usual ones.
SampleOptions read_sample(ConfigReader& in, const DiffusionOptions& diffusion, const NoiseProcess& process, bool points) {
  SampleOptions o;
  SamplerOptions& how = o.how;
  if (diffusion.variance == "learned") how.variance = "learned";
  if (points) how.clip_at = largest_coordinate;
  read(in, "sampler", how.sampler);
  how.steps = default_steps(how.sampler, process);
  read(in, "steps", how.steps);
  read(in, "spacing", how.spacing);
  read(in, "eta", how.eta);
  read(in, "variance", how.variance);
  read(in, "clip", how.clip);
  read(in, "clip_at", how.clip_at);
  read(in, "predictor", how.predictor);
  read(in, "corrector_steps", how.corrector_steps);
  read(in, "snr", how.snr);
  read(in, "langevin_step", how.langevin_step);
  read(in, "langevin_steps", how.langevin_steps);
  read(in, "langevin_growth", how.langevin_growth);
  read(in, "langevin_noise", how.langevin_noise);
  read(in, "tolerance", how.tolerance);
  read(in, "churn", how.churn);
  read(in, "resample", how.resample);
  read(in, "guidance", o.guidance);
  ITO_CHECK(o.guidance >= 0, "config: sample.guidance must be at least 0, got ", o.guidance);
  ITO_CHECK(how.variance != "learned" || diffusion.variance == "learned", "config: sample.variance 'learned' needs diffusion.variance 'learned'");
  check_sampler(how, process);
  return o;
}

}  // namespace

RunConfig parse_run_config(const Json& json) {
  RunConfig config;
  ConfigReader in(json);
  read(in, "task", config.task);
  if (config.task == "ddpm") config.task = "diffusion";  // as it was called when there was no other process
  ITO_CHECK(config.task == "diffusion" || config.task == "classifier", "config: no task '", config.task, "'; there are: diffusion classifier");
  read(in, "device", config.device);
  ITO_CHECK(config.device == "cpu" || config.device == "cuda", "config: no device '", config.device, "'; there are: cpu cuda");
  std::string dtype = "f32";
  read(in, "dtype", dtype);
  ITO_CHECK(dtype == "f32" || dtype == "bf16", "config: no dtype '", dtype, "'; there are: f32 bf16");
  const auto section = [&](const char* key, auto&& reader) {
    ConfigReader part = in.section(key);
    const auto options = reader(part);
    part.finish();
    in.put(key, part.written());
    return options;
  };
  config.data = section("data", read_data);
  config.model = section("model", read_model);
  config.diffusion = section("diffusion", read_diffusion);
  config.diffusion.dtype = dtype_named(dtype);
  config.train = section("train", read_train);
  const std::unique_ptr<NoiseProcess> process = make_process(config.diffusion);
  config.sample = section(
      "sample", [&](ConfigReader& part) { return read_sample(part, config.diffusion, *process, std::holds_alternative<MlpOptions>(config.model)); });
  in.finish();
  config.written = json_line(in.written());
  // What a run needs only at its end, or never, is checked before it starts.
  const Prediction prediction = prediction_named(config.diffusion.prediction);
  drawing_named(config.data.drawing);
  target_weight(weighting_named(config.diffusion.weighting), prediction, *process, process->last(), config.diffusion.data_deviation);
  ITO_CHECK(process->marginal(process->last()).scale > 0 || (prediction != Prediction::epsilon && prediction != Prediction::score),
            "config: with the schedule '", config.diffusion.schedule, "' nothing is left of the data at the last time, where '",
            config.diffusion.prediction, "' says nothing of it; diffusion.prediction must be x0, v or edm");
  ITO_CHECK(config.sample.guidance == 0 || classes_of(config.model) > 0, "config: sample.guidance needs model.classes");
  return config;
}

}  // namespace ito
