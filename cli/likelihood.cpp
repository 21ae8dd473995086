// ito eval RUN --bpd
#include <cmath>
#include <cstdio>

#include "autograd/ops/unary.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/scoring.h"
#include "diffusion/learned_variance.h"
#include "diffusion/likelihood.h"

namespace ito::cli {

namespace {

enum Stream : uint32_t { chain_noise = 140 };

struct Spread {
  double mean, error;  // of the mean
};
Spread spread_of(const std::vector<double>& values) {
  double mean = 0, squares = 0;
  for (const double v : values) mean += v / double(values.size());
  for (const double v : values) squares += (v - mean) * (v - mean);
  return {mean, std::sqrt(squares) / double(values.size())};
}

// DDPM's own bound, of bytes, in bits per dimension; the first and the last term by themselves, as they tell of the schedule and of the finest noise.
struct ChainBound {
  double prior = 0, middle = 0, last = 0;  // L_T, the sum of the L_t, L_0
};
ChainBound chain_bound(const Ddpm& process, const Denoiser& denoiser, const Tensor& x0, const LikelihoodOptions& o) {
  const auto model = [&](const Tensor& x, int64_t t) {
    const Denoised d = denoiser(x, double(t));
    ReversePrediction out{clamp(d.x0, -1, 1)};
    if (d.range.defined()) out.log_variance = learned_log_variance(process, d.range, Tensor::full({x.extent(0)}, double(t), DType::i64));
    return out;
  };
  const Elbo terms = elbo(process, model, x0, {.noise = {.seed = o.seed, .stream = chain_noise}, .first_image = o.first_image});
  return {terms.prior, terms.total() - terms.prior - terms.terms[0], terms.terms[0]};
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
  const auto* chain = dynamic_cast<const Ddpm*>(&source.process());
  ChainBound of_chain;
  ProgressLine line;
  constexpr int64_t at_once = 50;
  for (int64_t first = 0; first < n; first += at_once) {
    const int64_t last = std::min(n, first + at_once);
    const LikelihoodOptions how{.steps = o.steps, .seed = o.seed, .first_image = first};
    const Tensor x = dequantised(test.images.rows(first, last), o.seed, first).to(source.device());
    const Denoiser denoiser = source.denoiser(test.labels.defined() ? test.labels.rows(first, last) : Tensor(), 0);
    for (const double nats : log_likelihood(source.process(), denoiser, x, how)) ode.push_back(bits_per_dimension(nats, dimensions));
    for (const double nats : likelihood_bound(source.process(), denoiser, x, how)) bound.push_back(bits_per_dimension(nats, dimensions));
    if (chain != nullptr) {
      const ChainBound b = chain_bound(*chain, denoiser, unit_range(test.images.rows(first, last)).to(source.device()), how);
      const double share = double(last - first) / double(n);
      of_chain.prior += share * b.prior;
      of_chain.middle += share * b.middle;
      of_chain.last += share * b.last;
    }
    line.show(double(last) / double(n), text(last, " images"));
  }
  line.finish();
  const Spread a = spread_of(ode), b = spread_of(bound);
  std::printf("%ld test images of %s, uniformly dequantised, %ld dimensions%s\n", long(n), test.name.c_str(), long(dimensions),
              source.has_classes() ? ", given their labels" : "");
  std::printf("probability-flow ODE  %.3f +- %.3f bits per dimension\n", a.mean, a.error);
  std::printf("variational bound     %.3f +- %.3f bits per dimension, at most\n", b.mean, b.error);
  if (chain != nullptr)
    std::printf("DDPM's chain          %.3f bits per dimension, at most, of bytes as they are: L_T %.4f + L_t %.3f (%ld terms) + L_0 %.3f\n",
                of_chain.prior + of_chain.middle + of_chain.last, of_chain.prior, of_chain.middle, long(chain->steps() - 1), of_chain.last);
}

}  // namespace ito::cli
