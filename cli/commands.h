// The sub-commands of `ito`: what each is told and what does it. command_line.cpp reads the words. All throw Error, which main turns into one line
// and exit code 2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ito::cli {

struct TrainArguments {
  std::string config, out, data;
  std::vector<std::string> assignments;
  bool resume = false;
};
bool train(const TrainArguments& o);  // false: interrupted, with a checkpoint to go on from

// What is to differ from the run's own way of sampling.
struct SamplerArguments {
  std::string sampler, spacing, variance, predictor, langevin_noise;
  std::optional<int64_t> steps, corrector_steps, langevin_steps, resample;
  std::optional<double> guidance, eta, snr, langevin_step, langevin_growth, tolerance, churn;
  bool operator==(const SamplerArguments&) const = default;
};

struct SampleArguments {
  std::string run, device, inpaint, colour, mask, out = "samples.png", npy;
  int64_t n = 64;
  uint64_t seed = 0;
  SamplerArguments how;
  std::optional<uint64_t> interpolate;
  std::optional<int64_t> label;
};
void sample_images(const SampleArguments& o);

struct ScoreOptions {
  int64_t n = 1000;  // samples
  uint64_t seed = 1234;
  std::string judge = "zoo/lenet";  // a classifier's checkpoint
  std::string data;                 // where the real images are; empty: where the run found them
  SamplerArguments how = {};
};
void eval_run(const std::string& run, const ScoreOptions& o);

struct LikelihoodArguments {
  int64_t n = 100;  // test images
  int64_t steps = 64;
  uint64_t seed = 1234;
  std::string data;
};
void eval_likelihood(const std::string& run, const LikelihoodArguments& o);

struct ExportArguments {
  std::string run, folder, data;
  int64_t n = 1000;
};
void export_run(const ExportArguments& o);

struct ShowArguments {
  std::string name = "mnist", path, drawing = "exact", out = "data.png";
  std::optional<int64_t> n;  // empty: 64 images or 2000 points
  int64_t channels = 1;      // triangles
};
void list_data();
void get_data(const std::string& name);
void show_data(const ShowArguments& o);

struct ScheduleArguments {
  std::vector<std::string> names;
  int64_t steps = 1000;
  double first = 1e-4, last = 0.02, x0 = 1;
  std::string out;
};
void show_schedules(const ScheduleArguments& o);

struct StripArguments {
  std::string image, schedules = "linear,cosine", out = "strip.png";
  int64_t steps = 1000, frames = 9;
  uint64_t seed = 0;
};
void noise_strip(const StripArguments& o);

struct StudyArguments {
  std::string config, image, out = "runs/triangles";
  std::vector<std::string> schedules{"linear-unscaled", "sine3-unscaled", "power1.5-unscaled", "power2-unscaled", "power10-unscaled"};
  std::vector<std::string> drawings{"exact", "reduced", "aliased"};
  std::vector<std::string> assignments;
  std::optional<double> minutes;  // of each training; empty: the configuration's budget
  int64_t n = 200;                // samples of each model, to be scored
};
void study_triangles(const StudyArguments& o);

void check_gradients(const std::string& op);  // of all, for an empty name

struct KernelArguments {
  std::string op, variant, device;
  bool checked = false;
};
void list_kernels(const std::string& op);
void check_kernels(const KernelArguments& o);
void bench_kernels(const KernelArguments& o);

}  // namespace ito::cli
