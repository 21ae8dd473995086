// predictor-corrector   Song et al. 2021, algorithms 3 to 5; source 000, algorithm 2, whose predictor lacks the noise (docs/theory/score-sde.md).
//                       A step of the predictor to s, then steps of Langevin dynamics at s with
//                         step = 2 alpha (snr deviation)^2,  alpha = scale(t)^2 / scale(s)^2.
//                       Their code has snr |z| / |score|, averaged over the batch, in place of snr deviation, which is its value for a right score
//                       of noise; so an image does not depend on the others. With the predictor "none" the corrector works alone.
// langevin              Langevin dynamics at the smallest noise alone: langevin_steps steps from the prior. It mixes slowly (source 000,
//                       section 3.4).
// annealed-langevin     Song & Ermon 2019, algorithm 1: langevin_steps at each of the times with
//                         step = langevin_step (deviation / smallest deviation)^2,
//                       or, with langevin_growth, more of them where there is more noise: modes exchange points there, or not at all.
// Steps of Langevin dynamics leave N(0, v) at a variance of v / (1 - step / 2v): too hot. With langevin_noise "averaged"
//                       x_{n+1} = x_n + step score + sqrt(step / 2) (z_n + z_{n+1})      Leimkuhler & Matthews 2013
// the variance is v for any step below 2v, and other laws are kept to second order.
// All return the denoised x_0 at the end (Song & Ermon 2020, NCSNv2's last step).
#include "diffusion/samplers/chain.h"

namespace ito::samplers {

namespace {

// `count` steps of Langevin dynamics at t; their noises are those of the calls from `call` on.
Tensor langevin_steps(const Chain& chain, Tensor x, double t, double step, int64_t count, uint32_t& call) {
  const bool averaged = chain.o.langevin_noise == "averaged";
  Tensor before = averaged ? chain.noise(langevin_noise, call++) : Tensor();
  for (int64_t j = 0; j < count; ++j) {
    chain.tell(t, x);
    const Tensor z = chain.noise(langevin_noise, call++);
    x = langevin(x, chain.score(x, t), step, averaged ? (before + z) * 0.5 : z);
    before = z;
  }
  return x;
}

}  // namespace

Step predictor_named(const std::string& name) {
  if (name == "reverse-diffusion") return reverse_diffusion_step;
  if (name == "ancestral") return ancestral_step;
  if (name == "euler-maruyama") return euler_maruyama_step;
  ITO_CHECK(name == "none", "no predictor '", name, "'; there are: reverse-diffusion ancestral euler-maruyama none");
  return nullptr;
}

Tensor predictor_corrector(const Chain& chain) {
  const SamplerOptions& o = chain.o;
  const Step predictor = predictor_named(o.predictor);
  return chain.walk([&](const Tensor& x_now, size_t i) {
    Tensor x = predictor ? predictor(chain, x_now, i) : x_now;
    const double s = chain.times[i + 1], snr = o.snr * chain.at(i + 1).deviation, shrink = chain.at(i).scale / chain.at(i + 1).scale;
    for (int64_t j = 0; j < o.corrector_steps; ++j)
      x = langevin(x, chain.score(x, s), 2 * shrink * shrink * snr * snr,
                   chain.noise(corrector_noise, uint32_t(i * size_t(o.corrector_steps) + size_t(j))));
    return x;
  });
}

Tensor langevin_dynamics(const Chain& chain) {
  const double t = chain.process.first();
  uint32_t call = 0;
  const Tensor x = langevin_steps(chain, chain.start(), t, chain.o.langevin_step, chain.o.langevin_steps, call);
  chain.tell(t, x);
  return chain.constrained(chain.denoise(x, t).x0, chain.times.size());
}

Tensor annealed_langevin(const Chain& chain) {
  const double smallest = chain.at(chain.times.size() - 1).deviation;
  uint32_t call = 0;
  Tensor x = chain.start();
  for (size_t i = 0; i < chain.times.size(); ++i) {
    const double share = chain.at(i).deviation / smallest;
    const int64_t count = std::llround(double(chain.o.langevin_steps) * std::pow(share, chain.o.langevin_growth));
    x = langevin_steps(chain, x, chain.times[i], chain.o.langevin_step * share * share, count, call);
    x = chain.constrained(x, i);
  }
  return chain.finish(x);
}

}  // namespace ito::samplers
