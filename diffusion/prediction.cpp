#include "diffusion/prediction.h"

#include <cmath>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/unary.h"

namespace ito {

namespace {
constexpr Prediction all[] = {Prediction::epsilon, Prediction::x0, Prediction::v, Prediction::score, Prediction::edm};

struct EdmWeights {
  double skip, out;
};
EdmWeights edm_weights(const Marginal& m, double s) {
  const double n = m.scale * m.scale * s * s + m.deviation * m.deviation;
  return {m.scale * s * s / n, m.deviation * s / std::sqrt(n)};
}

// The target as a sum of x_0 and eps.
struct Target {
  double x0, eps;
};
Target target_of(Prediction prediction, const Marginal& m, double data_deviation) {
  switch (prediction) {
    case Prediction::epsilon:
      return {0, 1};
    case Prediction::x0:
      return {1, 0};
    case Prediction::v:
      return {-m.deviation, m.scale};
    case Prediction::score:
      return {0, -1 / m.deviation};
    case Prediction::edm: {
      const EdmWeights c = edm_weights(m, data_deviation);
      return {(1 - c.skip * m.scale) / c.out, -c.skip * m.deviation / c.out};
    }
  }
  fail("unknown prediction");
}
}  // namespace

Prediction prediction_named(const std::string& name) {
  std::string names;
  for (const Prediction p : all) {
    if (name == name_of(p)) return p;
    names += std::string(" ") + name_of(p);
  }
  fail("no prediction '", name, "'; there are:", names);
}

const char* name_of(Prediction prediction) {
  switch (prediction) {
    case Prediction::epsilon:
      return "epsilon";
    case Prediction::x0:
      return "x0";
    case Prediction::v:
      return "v";
    case Prediction::score:
      return "score";
    case Prediction::edm:
      return "edm";
  }
  fail("unknown prediction");
}

std::vector<std::string> prediction_names() {
  std::vector<std::string> names;
  for (const Prediction p : all) names.emplace_back(name_of(p));
  return names;
}

ToX0 to_x0(Prediction prediction, const Marginal& m, double data_deviation) {
  switch (prediction) {
    case Prediction::epsilon:
      return {1 / m.scale, -m.deviation / m.scale};
    case Prediction::x0:
      return {0, 1};
    case Prediction::v: {  // the rotation (x, v) -> (x0, eps)
      const double n = m.scale * m.scale + m.deviation * m.deviation;
      return {m.scale / n, -m.deviation / n};
    }
    case Prediction::score:
      return {1 / m.scale, m.deviation * m.deviation / m.scale};
    case Prediction::edm: {
      const EdmWeights c = edm_weights(m, data_deviation);
      return {c.skip, c.out};
    }
  }
  fail("unknown prediction");
}

Tensor prediction_target(Prediction prediction, const Tensor& x0, const Tensor& eps, const std::vector<Marginal>& m, double data_deviation) {
  if (prediction == Prediction::epsilon) return eps;
  if (prediction == Prediction::x0) return x0;
  std::vector<double> of_x0, of_eps;
  for (const Marginal& marginal : m) {
    const Target target = target_of(prediction, marginal, data_deviation);
    of_x0.push_back(target.x0);
    of_eps.push_back(target.eps);
  }
  return each_image(of_eps, x0.device()) * eps + each_image(of_x0, x0.device()) * x0;
}

Denoised from_prediction(Prediction prediction, const Tensor& output, const Tensor& x, const Marginal& m, double data_deviation) {
  switch (prediction) {
    case Prediction::epsilon:
      return {(x - output * m.deviation) / m.scale, output};
    case Prediction::score: {
      const Tensor eps = output * -m.deviation;
      return {(x - eps * m.deviation) / m.scale, eps};
    }
    case Prediction::v: {
      const double n = m.scale * m.scale + m.deviation * m.deviation;
      return {(x * m.scale - output * m.deviation) / n, (x * m.deviation + output * m.scale) / n};
    }
    case Prediction::x0:
      return from_x0(output, x, m);
    case Prediction::edm: {
      const EdmWeights c = edm_weights(m, data_deviation);
      return from_x0(x * c.skip + output * c.out, x, m);
    }
  }
  fail("unknown prediction");
}

Denoised from_x0(const Tensor& x0, const Tensor& x, const Marginal& m) { return {x0, (x - x0 * m.scale) / m.deviation}; }

Denoised clipped(const Denoised& d, const Tensor& x, const Marginal& m, double largest) {
  Denoised out = from_x0(clamp(d.x0, -largest, largest), x, m);
  out.range = d.range;
  return out;
}

Tensor score(const Denoised& d, const Marginal& m) { return d.eps * (-1 / m.deviation); }

}  // namespace ito
