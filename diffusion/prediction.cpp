#include "diffusion/prediction.h"

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/unary.h"

namespace ito {

Prediction prediction_named(const std::string& name) {
  for (const Prediction p : {Prediction::epsilon, Prediction::x0, Prediction::v})
    if (name == name_of(p)) return p;
  fail("no prediction '", name, "'; there are: epsilon x0 v");
}

const char* name_of(Prediction prediction) { return prediction == Prediction::epsilon ? "epsilon" : prediction == Prediction::x0 ? "x0" : "v"; }

Tensor prediction_target(Prediction prediction, const Tensor& x0, const Tensor& eps, const MarginalTensors& m) {
  if (prediction == Prediction::epsilon) return eps;
  return prediction == Prediction::x0 ? x0 : m.scale * eps - m.deviation * x0;
}

Denoised from_prediction(Prediction prediction, const Tensor& output, const Tensor& x, const Marginal& m) {
  switch (prediction) {
    case Prediction::epsilon:
      return {(x - output * m.deviation) / m.scale, output};
    case Prediction::x0:
      return {output, (x - output * m.scale) / m.deviation};
    case Prediction::v: {  // the rotation (x, v) -> (x0, eps)
      const double n = m.scale * m.scale + m.deviation * m.deviation;
      return {(x * m.scale - output * m.deviation) / n, (x * m.deviation + output * m.scale) / n};
    }
  }
  fail("unknown prediction");
}

Denoised clipped(const Denoised& d, const Tensor& x, const Marginal& m) {
  const Tensor x0 = clamp(d.x0, -1, 1);
  return {x0, (x - x0 * m.scale) / m.deviation};
}

}  // namespace ito
