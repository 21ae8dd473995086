#include "diffusion/conditional.h"

#include <algorithm>
#include <cmath>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/unary.h"

namespace ito {

namespace {

// What is known, as it is at t; itself for the result.
Tensor noised(const NoiseProcess& process, const Tensor& known, double t, const Tensor& noise) {
  if (t < 0) return known;
  const Marginal m = process.marginal(t);
  return known * m.scale + noise * m.deviation;
}

const ReduceOptions channels{.axes = {3}, .keepdim = true};

// The largest share k <= 1 of the colour, a pixel's differences to its mean, with which grey + k colour lies in [-1, 1].
Tensor colour_left(const Tensor& colour, const Tensor& grey) {
  const double tiny = 1e-30, huge = 1e30;  // in place of 0 where there is no colour, which any share is right for
  const Tensor above = (1 - grey) / clamp(max(colour, channels), tiny, huge), below = (1 + grey) / clamp(-min(colour, channels), tiny, huge);
  return clamp(minimum(above, below), 0, 1);
}

}  // namespace

Constraint inpainting(const NoiseProcess& process, const Tensor& known, const Tensor& mask) {
  return [&process, known, mask](const Tensor& x, double t, const Tensor& noise) { return x + (noised(process, known, t, noise) - x) * mask; };
}

Constraint colouring(const NoiseProcess& process, const Tensor& grey, const Tensor& mask) {
  return [&process, grey, mask](const Tensor& x, double t, const Tensor& noise) {
    const Tensor grey_now = noised(process, grey, t, mean(noise, channels));
    const Tensor coloured = x + (grey_now - mean(x, channels)) * mask;
    return t < 0 ? coloured - (coloured - grey_now) * (1 - colour_left(coloured - grey_now, grey_now)) * mask : coloured;
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
