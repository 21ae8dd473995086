#include "diffusion/weighting.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "diffusion/kl_weights.h"

namespace ito {

Weighting weighting_named(const std::string& name) {
  const std::pair<const char*, Weighting> all[] = {{"simple", Weighting::simple},         {"epsilon", Weighting::epsilon},
                                                   {"likelihood", Weighting::likelihood}, {"elbo", Weighting::elbo},
                                                   {"min-snr", Weighting::min_snr},       {"edm", Weighting::edm}};
  std::string names;
  for (const auto& [known, weighting] : all) {
    if (name == known) return weighting;
    names += std::string(" ") + known;
  }
  fail("no weighting '", name, "'; there are:", names);
}

double epsilon_weight(Weighting weighting, const NoiseProcess& process, double t, double data_deviation) {
  const Marginal m = process.marginal(t);
  const double noise = m.deviation * m.deviation, snr = m.scale * m.scale / noise;
  switch (weighting) {
    case Weighting::simple:
      return std::numeric_limits<double>::quiet_NaN();
    case Weighting::epsilon:
      return 1;
    case Weighting::likelihood:
      return process.squared_diffusion(t) / noise;
    case Weighting::elbo: {
      const auto* ddpm = dynamic_cast<const Ddpm*>(&process);
      ITO_CHECK(ddpm, "the weighting 'elbo' is that of DDPM's discrete bound; for other processes there is 'likelihood'");
      const auto i = std::max<int64_t>(1, std::llround(t));  // the first step has no posterior: it weighs as the second
      return kl_weights(*ddpm, i, ddpm->posterior(i).variance).epsilon;
    }
    case Weighting::min_snr:
      return std::min(snr, 5.0) / snr;
    case Weighting::edm: {
      const double s2 = data_deviation * data_deviation;
      return (1 / snr + s2) / s2;  // (sigma^2 + s^2) / (sigma s)^2 on x_0, times sigma^2
    }
  }
  fail("unknown weighting");
}

double target_weight(Weighting weighting, Prediction prediction, const NoiseProcess& process, double t, double data_deviation) {
  const Marginal m = process.marginal(t);
  if (weighting == Weighting::simple) return prediction == Prediction::score ? m.deviation * m.deviation : 1;
  const double w = epsilon_weight(weighting, process, t, data_deviation);
  if (prediction == Prediction::epsilon) return w;
  const double change = m.scale / m.deviation * to_x0(prediction, m, data_deviation).output_weight;  // of eps with the output
  return w * change * change;
}

}  // namespace ito
