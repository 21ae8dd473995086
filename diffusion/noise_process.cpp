#include "diffusion/noise_process.h"

#include <algorithm>

namespace ito {

std::vector<double> NoiseProcess::times(int64_t count) const {
  ITO_CHECK(count >= 1 && count <= most_times(), "sampling steps must be 1 to ", most_times(), ", got ", count);
  std::vector<double> list;
  for (int64_t i = 0; i < count; ++i) list.push_back(count == 1 ? last() : last() + (first() - last()) * double(i) / double(count - 1));
  return list;
}

Tensor each_image(const std::vector<double>& values, Device device) {
  const Tensor out = Tensor::empty({int64_t(values.size()), 1, 1, 1});
  std::transform(values.begin(), values.end(), out.data<float>(), [](double v) { return float(v); });
  return out.to(device);
}

MarginalTensors marginals(const NoiseProcess& process, const std::vector<double>& t, Device device) {
  std::vector<double> scales, deviations;
  for (const double time : t) {
    const Marginal m = process.marginal(time);
    scales.push_back(m.scale);
    deviations.push_back(m.deviation);
  }
  return {each_image(scales, device), each_image(deviations, device)};
}

Transition transition(const Marginal& s, const Marginal& t) {
  const double scale = t.scale / s.scale, from = s.deviation * s.deviation, to = t.deviation * t.deviation, variance = to - scale * scale * from;
  return {scale, variance, s.scale * variance / to, scale * from / to, from * variance / to};
}

}  // namespace ito
