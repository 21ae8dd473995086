#include "diffusion/noise_process.h"

#include <algorithm>

namespace ito {

std::vector<double> NoiseProcess::times(int64_t count) const {
  ITO_CHECK(count >= 1 && count <= most_times(), "sampling steps must be 1 to ", most_times(), ", got ", count);
  std::vector<double> list;
  for (int64_t i = 0; i < count; ++i) list.push_back(count == 1 ? last() : last() + (first() - last()) * double(i) / double(count - 1));
  return list;
}

double NoiseProcess::time_of_ratio(double ratio) const {
  double low = first(), high = last();
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    (ratio_at(*this, middle) < ratio ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

Tensor each_image(const std::vector<double>& values, Device device) {
  const Tensor out = Tensor::empty({int64_t(values.size()), 1, 1, 1});
  std::transform(values.begin(), values.end(), out.data<float>(), [](double v) { return float(v); });
  return out.to(device);
}

std::vector<Marginal> marginals_at(const NoiseProcess& process, const std::vector<double>& t) {
  std::vector<Marginal> list;
  for (const double time : t) list.push_back(process.marginal(time));
  return list;
}

MarginalTensors each_marginal(const std::vector<Marginal>& m, Device device) {
  std::vector<double> scales, deviations;
  for (const auto& [scale, deviation] : m) {
    scales.push_back(scale);
    deviations.push_back(deviation);
  }
  return {each_image(scales, device), each_image(deviations, device)};
}

double ratio_at(const NoiseProcess& process, double t) {
  const Marginal m = process.marginal(t);
  return m.deviation / m.scale;
}

Transition transition(const Marginal& s, const Marginal& t) {
  const double scale = t.scale / s.scale, from = s.deviation * s.deviation, to = t.deviation * t.deviation, variance = to - scale * scale * from;
  return {scale, variance, s.scale * variance / to, scale * from / to, from * variance / to};
}

}  // namespace ito
