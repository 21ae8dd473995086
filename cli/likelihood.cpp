// ito eval RUN --bpd
#include <cmath>
#include <cstdio>

#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/scoring.h"
#include "diffusion/likelihood.h"

namespace ito::cli {

namespace {

struct Spread {
  double mean, error;  // of the mean
};
Spread spread_of(const std::vector<double>& values) {
  double mean = 0, squares = 0;
  for (const double v : values) mean += v / double(values.size());
  for (const double v : values) squares += (v - mean) * (v - mean);
  return {mean, std::sqrt(squares) / double(values.size())};
}

}  // namespace

void eval_likelihood(const std::string& run, const LikelihoodArguments& o) {
  const Checkpoint checkpoint = load_checkpoint(run);
  ImageSource source(checkpoint);
  const Dataset test = real_images(checkpoint.config, o.data, Split::test);
  ITO_CHECK(test.images.dtype() == DType::u8, "bits per dimension are of images; '", test.name, "' has points");
  ITO_CHECK(o.n >= 1, "--n must be at least 1, got ", o.n);
  const int64_t n = std::min(o.n, test.size()), dimensions = test.images.numel() / test.size();
  std::vector<double> ode, bound;
  ProgressLine line;
  constexpr int64_t at_once = 50;
  for (int64_t first = 0; first < n; first += at_once) {
    const int64_t last = std::min(n, first + at_once);
    const LikelihoodOptions how{.steps = o.steps, .seed = o.seed, .first_image = first};
    const Tensor x = dequantised(test.images.rows(first, last), o.seed, first).to(source.device());
    const Denoiser denoiser = source.denoiser(test.labels.defined() ? test.labels.rows(first, last) : Tensor(), 0);
    for (const double nats : log_likelihood(source.process(), denoiser, x, how)) ode.push_back(bits_per_dimension(nats, dimensions));
    for (const double nats : likelihood_bound(source.process(), denoiser, x, how)) bound.push_back(bits_per_dimension(nats, dimensions));
    line.show(double(last) / double(n), text(last, " images"));
  }
  line.finish();
  const Spread a = spread_of(ode), b = spread_of(bound);
  std::printf("%ld test images of %s, uniformly dequantised, %ld dimensions%s\n", long(n), test.name.c_str(), long(dimensions),
              source.has_classes() ? ", given their labels" : "");
  std::printf("probability-flow ODE  %.3f +- %.3f bits per dimension\n", a.mean, a.error);
  std::printf("variational bound     %.3f +- %.3f bits per dimension, at most\n", b.mean, b.error);
}

}  // namespace ito::cli
