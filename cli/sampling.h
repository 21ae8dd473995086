// From a checkpoint to images.
#pragma once

#include "cli/commands.h"
#include "diffusion/checkpoint.h"

namespace ito::cli {

// Throws Error when there can be no file at `path`; to be called before the work whose result is to stand there.
void check_writable(const std::string& path);

// The run's way of sampling with what is given instead. Throws Error for what the process cannot do.
SampleOptions sample_options(const SamplerArguments& o, const RunConfig& config);

// A grid of images, or where points lie.
Tensor picture_of(const Tensor& images, const RunConfig& config, int64_t columns);

// A network with its averaged weights, ready to sample from.
class ImageSource {
 public:
  // On the named device; "": that of the run.
  explicit ImageSource(const Checkpoint& checkpoint, const std::string& device = "");

  // Images first ... first + n - 1 of the seed, f32 (n, H, W, C); label -1: each image's own random one. options.how.start, if any, has n
  // images. Images are made `batch` at a time, which
  // does not change them. `progress` is told how many are ready.
  Tensor images(int64_t n, uint64_t seed, int64_t label, const SampleOptions& options, const std::function<void(int64_t)>& progress = {});
  // The noise and its way to images, `frames` stages of each: (n * frames, H, W, C), row by row.
  Tensor strip(int64_t n, int64_t frames, uint64_t seed, const SampleOptions& options);
  Denoiser denoiser(const Tensor& labels, double guidance);  // labels (n), or none
  const NoiseProcess& process() { return task_.model().process(); }
  const Shape& image() const { return image_; }  // (H, W, C)
  Device device() const { return device_; }
  bool has_classes() { return task_.model().has_classes(); }
  const RunConfig& config() const { return config_; }

 private:
  Tensor batch(int64_t first, int64_t n, uint64_t seed, int64_t label, const SampleOptions& o, std::function<void(double, const Tensor&)> watch);

  RunConfig config_;
  Device device_;
  DiffusionTask task_;
  Shape image_;
};

}  // namespace ito::cli
