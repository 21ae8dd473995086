#include "diffusion/run_config.h"

#include "diffusion/schedule.h"

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
  read(in, "drawing", o.drawing);
  read(in, "seed", o.seed);
  return o;
}

UNetOptions read_model(ConfigReader& in) {
  UNetOptions o;
  read(in, "channels", o.channels);
  read(in, "base", o.base);
  read(in, "multipliers", o.multipliers);
  read(in, "blocks", o.blocks);
  read(in, "attention", o.attention);
  read(in, "heads", o.heads);
  read(in, "dropout", o.dropout);
  read(in, "classes", o.classes);
  read(in, "patch", o.patch);
  ITO_CHECK(o.channels >= 1 && o.heads >= 1 && o.classes >= 0, "config: model.channels and model.heads must be at least 1, model.classes at least 0");
  for (const int64_t m : o.multipliers) ITO_CHECK(m >= 1, "config: model.multipliers must be at least 1, got ", m);
  ITO_CHECK(o.dropout >= 0 && o.dropout < 1, "config: model.dropout must lie in [0, 1), got ", o.dropout);
  return o;
}

DiffusionOptions read_diffusion(ConfigReader& in) {
  DiffusionOptions o;
  read(in, "schedule", o.schedule);
  read(in, "steps", o.steps);
  read(in, "prediction", o.prediction);
  read(in, "label_dropout", o.label_dropout);
  ITO_CHECK(o.label_dropout >= 0 && o.label_dropout <= 1, "config: diffusion.label_dropout must lie in [0, 1], got ", o.label_dropout);
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
  ITO_CHECK(o.batch >= 1 && o.log_steps >= 1 && o.warmup >= 0, "config: train.batch and train.log_steps must be at least 1, train.warmup at least 0");
  ITO_CHECK(o.lr > 0 && o.ema >= 0 && o.ema < 1 && o.clip >= 0, "config: train.lr must be positive, train.ema in [0, 1), train.clip at least 0");
  ITO_CHECK(o.optimiser == "adamw" || o.optimiser == "adam" || o.optimiser == "sgd", "config: no train.optimiser '", o.optimiser,
            "'; there are: adamw adam sgd");
  ITO_CHECK(o.schedule == "constant" || o.schedule == "cosine", "config: no train.schedule '", o.schedule, "'; there are: constant cosine");
  return o;
}

SampleOptions read_sample(ConfigReader& in) {
  SampleOptions o;
  read(in, "sampler", o.sampler);
  read(in, "steps", o.steps);
  read(in, "eta", o.eta);
  read(in, "guidance", o.guidance);
  return o;
}

}  // namespace

RunConfig parse_run_config(const Json& json) {
  RunConfig config;
  ConfigReader in(json);
  read(in, "task", config.task);
  ITO_CHECK(config.task == "ddpm" || config.task == "classifier", "config: no task '", config.task, "'; there are: ddpm classifier");
  read(in, "device", config.device);
  ITO_CHECK(config.device == "cpu" || config.device == "cuda", "config: no device '", config.device, "'; there are: cpu cuda");
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
  config.train = section("train", read_train);
  config.sample = section("sample", read_sample);
  in.finish();
  config.written = in.written();
  beta_schedule(config.diffusion.schedule, config.diffusion.steps);  // wrong names are found before anything starts
  prediction_named(config.diffusion.prediction);
  ITO_CHECK(config.sample.guidance == 0 || config.model.classes > 0, "config: sample.guidance needs model.classes");
  return config;
}

}  // namespace ito
