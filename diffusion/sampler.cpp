#include "diffusion/sampler.h"

#include <cmath>

#include "autograd/graph.h"
#include "autograd/ops/arithmetic.h"

namespace ito {

namespace {

enum Stream : uint32_t { sampling_noise = 100 };  // call 0 is the starting noise, call 1 + t that of the step at time t

class Chain {
 public:
  Chain(const Ddpm& process, const Denoiser& denoiser, const Shape& shape, const SamplerOptions& options)
      : process_(process), denoiser_(denoiser), shape_(shape), o_(options) {}

  Tensor start() const { return noise(0); }
  Tensor noise(uint32_t call) const {
    return normal_from(shape_, {.seed = o_.seed, .stream = sampling_noise, .call = call}, o_.first_image * shape_.product(1, shape_.rank()),
                       DType::f32, o_.device);
  }

  Denoised denoise(const Tensor& x, int64_t t) const {
    if (o_.watch) o_.watch(t, x);
    const Denoised d = denoiser_(x, t);
    return o_.clip ? clipped(d, x, process_.marginal(t)) : d;
  }

  // x_{t-1} ~ N(posterior mean given the expected x_0, sigma^2); no noise in the last step.
  Tensor ancestral() const {
    Tensor x = start();
    for (int64_t t = process_.steps() - 1; t >= 0; --t) {
      const Ddpm::Posterior p = process_.posterior(t);
      x = denoise(x, t).x0 * p.x0_weight + x * p.xt_weight;
      if (t > 0) x = x + noise(uint32_t(1 + t)) * std::sqrt(o_.variance == "beta" ? process_.beta(t) : p.variance);
    }
    return x;
  }

  // From t to s < t:  x_s = sqrt(ab_s) x_0 + sqrt(1 - ab_s - sigma^2) eps + sigma z,
  // sigma = eta sqrt((1 - ab_s)/(1 - ab_t) (1 - ab_t/ab_s)).  Song et al. 2021 (DDIM), eqs. 12 and 16.
  Tensor ddim() const {
    const std::vector<int64_t> times = ddim_times(process_.steps(), o_.steps);
    Tensor x = start();
    for (size_t i = 0; i < times.size(); ++i) {
      const int64_t t = times[i], s = i + 1 < times.size() ? times[i + 1] : -1;
      const double now = process_.alpha_bar(t), next = process_.alpha_bar(s);
      const double sigma = o_.eta * std::sqrt((1 - next) / (1 - now) * (1 - now / next));
      const Denoised d = denoise(x, t);
      x = d.x0 * std::sqrt(next) + d.eps * std::sqrt(std::max(0.0, 1 - next - sigma * sigma));
      if (sigma > 0) x = x + noise(uint32_t(1 + t)) * sigma;
    }
    return x;
  }

 private:
  const Ddpm& process_;
  const Denoiser& denoiser_;
  const Shape& shape_;
  const SamplerOptions& o_;
};

}  // namespace

void check_sampler(const std::string& sampler, int64_t steps, double eta, int64_t process_steps) {
  ITO_CHECK(sampler == "ancestral" || sampler == "ddim", "no sampler '", sampler, "'; there are: ancestral ddim");
  ITO_CHECK(sampler != "ddim" || (steps >= 1 && steps <= process_steps), "sampling steps must be 1 to ", process_steps, ", got ", steps);
  ITO_CHECK(eta >= 0 && eta <= 1, "eta must be 0 to 1, got ", eta);
}

std::vector<int64_t> ddim_times(int64_t process_steps, int64_t steps) {
  ITO_CHECK(steps >= 1 && steps <= process_steps, "sampling steps must be 1 to ", process_steps, ", got ", steps);
  std::vector<int64_t> times;
  for (int64_t i = steps; i >= 1; --i) times.push_back(int64_t(std::llround(double(i) * double(process_steps) / double(steps))) - 1);
  return times;
}

Tensor sample(const Ddpm& process, const Denoiser& denoiser, const Shape& shape, const SamplerOptions& o) {
  check_sampler(o.sampler, o.steps, o.eta, process.steps());
  ITO_CHECK(o.variance == "posterior" || o.variance == "beta", "no sampling variance '", o.variance, "'; there are: posterior beta");
  const NoGrad guard;
  const Chain chain(process, denoiser, shape, o);
  const Tensor x = o.sampler == "ddim" ? chain.ddim() : chain.ancestral();
  if (o.watch) o.watch(-1, x);
  return x;
}

}  // namespace ito
