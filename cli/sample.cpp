// ito sample RUN_OR_CKPT
#include <cmath>
#include <cstdio>

#include "autograd/ops/arithmetic.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/sampling.h"
#include "data/png.h"
#include "diffusion/conditional.h"
#include "tensor/npy.h"

namespace ito::cli {

namespace {
// Before any work.
void check_arguments(const SampleArguments& o, const RunConfig& config) {
  ITO_CHECK(!o.label || classes_of(config.model) > 0, "--label: this model was trained without labels");
  ITO_CHECK(!o.label || (*o.label >= 0 && *o.label < classes_of(config.model)), "--label ", *o.label, ": the classes are 0 to ",
            classes_of(config.model) - 1);
  ITO_CHECK(!o.out.empty() || !o.npy.empty(), "no file to write: give --out X.png or --npy X.npy");
  for (const std::string& path : {o.out, o.npy})
    if (!path.empty()) check_writable(path);
}

// f32 (1, H, W, C) in [-1, 1] of a PNG that must have the model's size; grey where one channel is wanted.
Tensor read_known(const std::string& path, const Shape& image, int64_t channels) {
  const Tensor bytes = read_png(path);
  ITO_CHECK(bytes.extent(0) == image[0] && bytes.extent(1) == image[1] && bytes.extent(2) == channels, path, " is ", bytes.extent(0), "x",
            bytes.extent(1), " with ", bytes.extent(2), " channels; here it must be ", image[0], "x", image[1], " with ", channels);
  return unit_range(bytes.view({1, image[0], image[1], channels}));
}

// What is known of the samples in advance.
void add_conditions(const SampleArguments& o, ImageSource& source, SamplerOptions& s) {
  const Shape& image = source.image();
  ITO_CHECK(o.inpaint.empty() || o.colour.empty(), "--inpaint and --colour: give one of them");
  ITO_CHECK(!o.colour.empty() || o.inpaint.empty() == o.mask.empty(),
            "--inpaint and --mask go together: the image, and white where it is to be kept");
  ITO_CHECK(o.colour.empty() || image[2] == 3, "--colour: this model's images have ", image[2], " channels, where colours are 3");
  if (!o.inpaint.empty() || !o.colour.empty()) {
    const Tensor known = o.colour.empty() ? read_known(o.inpaint, image, image[2]) : read_known(o.colour, image, 1);
    const Tensor where = o.mask.empty() ? Tensor::ones({1, image[0], image[1], 1}) : (read_known(o.mask, image, 1) + 1) * 0.5;
    const auto constraint = o.colour.empty() ? inpainting : colouring;
    s.constrain = constraint(source.process(), known.to(source.device()), where.to(source.device()));
  }
  if (o.interpolate) {
    ITO_CHECK(!source.has_classes() || o.label, "--interpolate: give one --label for all, as this model has classes");
    ITO_CHECK(o.n >= 2, "--interpolate needs --n of at least 2, got ", o.n);
    const Shape one{1, image[0], image[1], image[2]};
    const Tensor a = starting_noise(one, o.seed), b = starting_noise(one, *o.interpolate);
    const Tensor starts = Tensor::empty({o.n, image[0], image[1], image[2]});
    for (int64_t i = 0; i < o.n; ++i) starts.rows(i, i + 1).copy_from(slerp(a, b, double(i) / double(o.n - 1)) * source.process().prior_deviation());
    s.start = starts.to(source.device());
  }
}

}  // namespace

void sample_images(const SampleArguments& o) {
  ImageSource source(load_checkpoint(o.run), o.device);
  SampleOptions how = sample_options(o.how, source.config());
  check_arguments(o, source.config());
  add_conditions(o, source, how.how);
  ProgressLine line;
  const Tensor images =
      source.images(o.n, o.seed, o.label.value_or(-1), how, [&](int64_t ready) { line.show(double(ready) / double(o.n), text(ready, " images")); });
  line.finish();
  const int64_t columns = int64_t(std::ceil(std::sqrt(double(o.n))));
  if (!o.out.empty()) {
    write_png(o.out, picture_of(images, source.config(), columns));
    std::printf("%s: %ld images, seed %lu, %s with %ld steps\n", o.out.c_str(), long(o.n), static_cast<unsigned long>(o.seed),
                how.how.sampler.c_str(), long(how.how.steps));
  }
  if (!o.npy.empty()) {
    save_npy(o.npy, images);
    std::printf("%s: float32 (N, H, W, C) in [-1, 1]\n", o.npy.c_str());
  }
}

}  // namespace ito::cli
