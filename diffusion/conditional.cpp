#include "diffusion/conditional.h"

#include <algorithm>
#include <cmath>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/reduce.h"

namespace ito {

namespace {

// What is known, as it is at t; itself for the result.
Tensor noised(const NoiseProcess& process, const Tensor& known, double t, const Tensor& noise) {
  if (t < 0) return known;
  const Marginal m = process.marginal(t);
  return known * m.scale + noise * m.deviation;
}

}  // namespace

Constraint inpainting(const NoiseProcess& process, const Tensor& known, const Tensor& mask) {
  return [&process, known, mask](const Tensor& x, double t, const Tensor& noise) { return x + (noised(process, known, t, noise) - x) * mask; };
}

Constraint colouring(const NoiseProcess& process, const Tensor& grey, const Tensor& mask) {
  return [&process, grey, mask](const Tensor& x, double t, const Tensor& noise) {
    const ReduceOptions channels{.axes = {3}, .keepdim = true};
    return x + (noised(process, grey, t, mean(noise, channels)) - mean(x, channels)) * mask;
  };
}

Tensor slerp(const Tensor& a, const Tensor& b, double share) {
  const Tensor out = Tensor::empty(a.shape());
  for (int64_t i = 0; i < a.extent(0); ++i) {
    const Tensor u = a.rows(i, i + 1), v = b.rows(i, i + 1);
    const double lengths = std::sqrt(sum(u * u).item() * sum(v * v).item()), cosine = std::clamp(sum(u * v).item() / lengths, -1.0, 1.0),
                 angle = std::acos(cosine);
    const bool same = std::sin(angle) < 1e-6;
    const double from = same ? 1 - share : std::sin((1 - share) * angle) / std::sin(angle),
                 to = same ? share : std::sin(share * angle) / std::sin(angle);
    out.rows(i, i + 1).copy_from(u * from + v * to);
  }
  return out;
}

}  // namespace ito
