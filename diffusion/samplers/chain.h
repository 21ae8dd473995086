// What samplers share: the times, the random numbers, the denoiser with its options.
#pragma once

#include <cmath>

#include "autograd/ops/arithmetic.h"
#include "diffusion/sampler.h"
#include "diffusion/sde.h"

namespace ito::samplers {

// Streams of random numbers; call 0 of the first is the start. A step's call is its number, or DDPM's time + 1. A step
// that is taken again (options.resample) has streams of its own, 2^16 further each time.
enum Stream : uint32_t { step_noise = 100, corrector_noise = 110, churn_noise, langevin_noise, constraint_noise, resampling_noise };

// From last to first: options.steps of them, or those that options.spacing names.
std::vector<double> times_of(const NoiseProcess& process, const SamplerOptions& options);

class Chain {
 public:
  Chain(const NoiseProcess& of, const Denoiser& denoiser, const Shape& shape, const SamplerOptions& options)
      : process(of), o(options), times(times_of(of, options)), denoiser_(denoiser), shape_(shape) {}

  const NoiseProcess& process;
  const SamplerOptions& o;
  const std::vector<double> times;

  Tensor noise(Stream of, uint32_t call) const;
  // The noise of the step from times[i].
  Tensor noise_of_step(size_t i) const;
  Tensor start() const;
  void tell(double t, const Tensor& x) const {
    if (o.watch) o.watch(t, x);
  }
  Denoised denoise(const Tensor& x, double t) const;
  Tensor score(const Tensor& x, double t) const { return ito::score(denoise(x, t), process.marginal(t)); }
  // The process's SDE run backwards, and the ODE with its marginals: diffusion/sde.h.
  Sde reverse_sde() const { return reversed(forward_sde(), slope()); }
  Field probability_flow() const { return ito::probability_flow(forward_sde(), slope()); }
  // What options.constrain makes of x at times[i], or of the result for i = times.size().
  Tensor constrained(const Tensor& x, size_t i) const;

  // From the start along the times by step(x, i), which goes from times[i] to times[i + 1]; the result is x_0 as denoised at the last. With
  // options.resample U each step is taken U times, with noise by q(x_t | x_s) back to times[i] in between: so what the constraint put in and what
  // the step made around it come to agree. Lugmayr et al. 2022 (RePaint), algorithm 1.
  template <class Step>
  Tensor walk(Step&& step) const {
    Tensor x = start();
    for (size_t i = 0; i + 1 < times.size(); ++i) {
      tell(times[i], x);
      for (repetition_ = 0; repetition_ < uint32_t(o.resample); ++repetition_) x = constrained(step(repeated() ? noised_back(x, i) : x, i), i + 1);
      repetition_ = 0;
    }
    return finish(x);
  }
  // Whether the step under way has been taken before, from an x that was another one.
  bool repeated() const { return repetition_ > 0; }

  // x_0 as denoised at the last time.
  Tensor finish(const Tensor& x) const {
    tell(times.back(), x);
    return constrained(denoise(x, times.back()).x0, times.size());
  }

  Marginal at(size_t i) const { return process.marginal(times[i]); }

 private:
  Tensor noised_back(const Tensor& x, size_t i) const;  // from times[i + 1] to times[i]
  Sde forward_sde() const;
  Field slope() const {
    return [this](const Tensor& x, double t) { return score(x, t); };
  }

  const Denoiser& denoiser_;
  const Shape& shape_;
  mutable uint32_t repetition_ = 0;  // of the step under way; all that it draws depends on it
};

// x + step score + sqrt(2 step) z: a step of Langevin dynamics. Source 000 (3.19) and the paper of NCSN have step = epsilon / 2; NCSN's code has
// this.
inline Tensor langevin(const Tensor& x, const Tensor& score, double step, const Tensor& z) { return x + score * step + z * std::sqrt(2 * step); }

// One step from times[i] to times[i + 1].
using Step = Tensor (*)(const Chain&, const Tensor& x, size_t i);
Step predictor_named(const std::string& name);  // null for "none"; throws Error with the names there are
Tensor ancestral_step(const Chain& chain, const Tensor& x, size_t i);
Tensor reverse_diffusion_step(const Chain& chain, const Tensor& x, size_t i);
Tensor euler_maruyama_step(const Chain& chain, const Tensor& x, size_t i);

Tensor ancestral(const Chain& chain);
Tensor ddim(const Chain& chain);
Tensor reverse_diffusion(const Chain& chain);
Tensor euler_maruyama(const Chain& chain);
Tensor milstein(const Chain& chain);
Tensor stochastic_runge_kutta(const Chain& chain);
Tensor stochastic_heun(const Chain& chain);
Tensor predictor_corrector(const Chain& chain);
Tensor langevin_dynamics(const Chain& chain);
Tensor annealed_langevin(const Chain& chain);
Tensor ode_euler(const Chain& chain);
Tensor ode_heun(const Chain& chain);
Tensor ode_rk4(const Chain& chain);
Tensor ode_rk45(const Chain& chain);
Tensor edm(const Chain& chain);
Tensor dpm_solver(const Chain& chain);

}  // namespace ito::samplers
