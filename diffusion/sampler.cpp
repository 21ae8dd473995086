#include "diffusion/sampler.h"

#include "autograd/graph.h"
#include "diffusion/processes.h"
#include "diffusion/respacing.h"
#include "diffusion/samplers/chain.h"

namespace ito {

namespace samplers {

std::vector<double> times_of(const NoiseProcess& process, const SamplerOptions& o) {
  if (o.spacing.empty()) return process.times(o.steps);
  const std::vector<int64_t> kept = kept_times(process.most_times(), o.spacing);
  return {kept.rbegin(), kept.rend()};
}

Tensor Chain::noise(Stream of, uint32_t call) const {
  const uint32_t stream = of + (repetition_ << 16);
  if (o.noise) return o.noise(stream, call);
  return normal_from(shape_, {.seed = o.seed, .stream = stream, .call = call}, o.first_image * shape_.product(1, shape_.rank()), DType::f32,
                     o.device);
}

Tensor Chain::noise_of_step(size_t i) const {
  const bool discrete = dynamic_cast<const Ddpm*>(&process) != nullptr;  // DDPM's chain has the same noise at a time, however many it visits
  return noise(step_noise, 1 + uint32_t(discrete ? times[i] : double(i)));
}

Tensor Chain::start() const { return o.start.defined() ? o.start : noise(step_noise, 0) * process.prior_deviation(); }

Denoised Chain::denoise(const Tensor& x, double t) const {
  const Denoised d = denoiser_(x, t);
  return o.clip ? clipped(d, x, process.marginal(t), o.clip_at) : d;
}

Tensor Chain::noised_back(const Tensor& x, size_t i) const {
  const Transition forward = transition(at(i + 1), at(i));
  return x * forward.scale + noise(resampling_noise, uint32_t(i)) * std::sqrt(forward.variance);
}

Sde Chain::forward_sde() const {
  return {.drift = [this](const Tensor& x, double t) { return x * process.drift(t); },
          .diffusion = of_time([this](double t) { return std::sqrt(process.squared_diffusion(t)); })};
}

Tensor Chain::constrained(const Tensor& x, size_t i) const {
  if (!o.constrain) return x;
  return o.constrain(x, i < times.size() ? times[i] : -1, noise(constraint_noise, uint32_t(i)));
}

}  // namespace samplers

namespace {

struct Entry {
  const char* name;
  Tensor (*run)(const samplers::Chain&);
  int64_t steps;     // by default; 0: all times of a discrete process, else 1,000
  bool needs_slope;  // f and g: not for a process whose last beta is 1
  bool walks;        // from each time to the next by a step that can be taken again
};
constexpr Entry entries[] = {{"ancestral", samplers::ancestral, 0, false, true},
                             {"ddim", samplers::ddim, 50, false, true},
                             {"dpm-solver++", samplers::dpm_solver, 20, false, true},
                             {"edm", samplers::edm, 18, true, true},
                             {"euler-maruyama", samplers::euler_maruyama, 0, true, true},
                             {"milstein", samplers::milstein, 0, true, true},
                             {"stochastic-runge-kutta", samplers::stochastic_runge_kutta, 0, true, true},
                             {"stochastic-heun", samplers::stochastic_heun, 100, true, true},
                             {"reverse-diffusion", samplers::reverse_diffusion, 0, true, true},
                             {"predictor-corrector", samplers::predictor_corrector, 0, true, true},
                             {"langevin", samplers::langevin_dynamics, 10, true, false},
                             {"annealed-langevin", samplers::annealed_langevin, 10, true, false},
                             {"ode-euler", samplers::ode_euler, 100, true, true},
                             {"ode-heun", samplers::ode_heun, 50, true, true},
                             {"ode-rk4", samplers::ode_rk4, 25, true, true},
                             {"ode-rk45", samplers::ode_rk45, 2, true, false}};

const Entry& entry_named(const std::string& name) {
  std::string names;
  for (const Entry& entry : entries) {
    if (name == entry.name) return entry;
    names += std::string(" ") + entry.name;
  }
  fail("no sampler '", name, "'; there are:", names);
}

}  // namespace

std::vector<std::string> sampler_names() {
  std::vector<std::string> names;
  for (const Entry& entry : entries) names.emplace_back(entry.name);
  return names;
}

int64_t default_steps(const std::string& sampler, const NoiseProcess& process) {
  const int64_t steps = entry_named(sampler).steps, most = process.most_times();
  return std::min(steps > 0 ? steps : 1000, most);
}

void check_sampler(const SamplerOptions& o, const NoiseProcess& process) {
  const Entry& entry = entry_named(o.sampler);
  const int64_t most = process.most_times();
  if (!o.spacing.empty()) {
    ITO_CHECK(dynamic_cast<const Ddpm*>(&process) != nullptr, "sample.spacing is for diffusion.process 'ddpm'; others have sample.steps");
    kept_times(most, o.spacing);
  }
  ITO_CHECK(o.steps >= 1 && o.steps <= most, "sampling steps must be 1 to ", most, ", got ", o.steps);
  ITO_CHECK(o.eta >= 0 && o.eta <= 1, "eta must be 0 to 1, got ", o.eta);
  ITO_CHECK(!entry.needs_slope || process.marginal(process.last()).scale > 0, "the sampler '", o.sampler,
            "' needs some of the data left at the last time, and this schedule ends with beta = 1; there are: ancestral ddim dpm-solver++");
  ITO_CHECK(o.variance == "posterior" || o.variance == "beta" || o.variance == "learned", "no sampling variance '", o.variance,
            "'; there are: posterior beta learned");
  ITO_CHECK(o.clip_at > 0, "clip_at, the largest value of the data, must be positive, got ", o.clip_at);
  samplers::predictor_named(o.predictor);
  ITO_CHECK(o.corrector_steps >= 0 && o.corrector_steps <= 100000 && o.langevin_steps >= 0 && o.langevin_steps <= 10000000,
            "the number of Langevin steps must be 0 to 10^5 for a corrector and 0 to 10^7 else, got ", o.corrector_steps, " and ", o.langevin_steps);
  ITO_CHECK(o.langevin_growth >= 0 && o.langevin_growth <= 2, "langevin_growth must be 0 (equal numbers of steps) to 2, got ", o.langevin_growth);
  ITO_CHECK(o.langevin_noise == "fresh" || o.langevin_noise == "averaged", "no langevin_noise '", o.langevin_noise, "'; there are: fresh averaged");
  ITO_CHECK(o.snr >= 0 && o.langevin_step >= 0 && o.churn >= 0 && o.churn_noise >= 0, "snr, Langevin's step and churn must not be negative");
  ITO_CHECK(o.resample >= 1 && o.resample <= 1000, "resample must be 1 (each step once) to 1000, got ", o.resample);
  ITO_CHECK(o.resample == 1 || entry.walks, "the sampler '", o.sampler,
            "' does not go step by step along the times, and can take none again: resample ", "must be 1, got ", o.resample);
  ITO_CHECK(o.tolerance > 0, "the tolerance of ode-rk45 must be positive, got ", o.tolerance);
}

Tensor starting_noise(const Shape& shape, uint64_t seed) { return normal_from(shape, {.seed = seed, .stream = samplers::step_noise}, 0); }

Tensor sample(const NoiseProcess& process, const Denoiser& denoiser, const Shape& shape, const SamplerOptions& o) {
  check_sampler(o, process);
  const NoGrad guard;
  const samplers::Chain chain(process, denoiser, shape, o);
  const Tensor x = entry_named(o.sampler).run(chain);
  if (o.watch) o.watch(-1, x);
  return x;
}

}  // namespace ito
