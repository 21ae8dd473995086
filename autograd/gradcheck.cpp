#include "autograd/gradcheck.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "autograd/graph.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/reduce.h"

namespace ito {

namespace {

// A cotangent with no symmetry to hide behind: values of both signs, none near zero.
Tensor random_cotangent(const Shape& shape, uint32_t seed) {
  std::mt19937 engine(seed);
  Tensor v = Tensor::empty(shape, DType::f64);
  for (int64_t i = 0; i < v.numel(); ++i) {
    const double u = double(engine()) / 4294967296.0;
    v.data<double>()[i] = (u < 0.5 ? -1 : 1) * (0.3 + u);
  }
  return v;
}

bool differentiated(const Tensor& x) { return x.defined() && x.dtype() == DType::f64; }

Tensors as_variables(const Tensors& inputs) {
  Tensors out;
  for (const Tensor& x : inputs) out.push_back(differentiated(x) ? variable(x.clone()) : x);
  return out;
}

double dot(const Tensor& a, const Tensor& b) {
  const Tensor left = a.to(Device::cpu), right = b.to(Device::cpu);
  double sum = 0;
  for (int64_t i = 0; i < left.numel(); ++i) sum += left.data<double>()[i] * right.data<double>()[i];
  return sum;
}

void set_element(const Tensor& x, int64_t i, double value) {
  copy_bytes(reinterpret_cast<std::byte*>(x.data<double>() + i), x.device(), reinterpret_cast<const std::byte*>(&value), Device::cpu, sizeof value);
  x.mark_written();
}

}  // namespace

std::string gradcheck(const std::function<Tensor(const Tensors&)>& f, const Tensors& inputs, const GradcheckOptions& options) {
  Tensors variables = as_variables(inputs), wanted;
  for (const Tensor& x : variables)
    if (requires_grad(x)) wanted.push_back(x);
  const Tensor y = f(variables);
  if (y.dtype() != DType::f64) return text("gradcheck needs an f64 result, got ", y.dtype());
  const Tensor v = random_cotangent(y.shape(), options.seed).to(y.device());
  Tensors rule(wanted.size());
  if (requires_grad(y)) rule = grad(y, wanted, {.grad_output = v, .allow_unused = true});

  const NoGrad plain;
  for (size_t k = 0; k < wanted.size(); ++k) {
    const std::vector<double> x = wanted[k].to_vector<double>();
    const std::vector<double> gradient = rule[k].defined() ? rule[k].to_vector<double>() : std::vector<double>(x.size(), 0.0);
    const int64_t n = wanted[k].numel(), stride = std::max<int64_t>(1, n / options.max_elements);
    double largest = 0;  // of all elements, as rounding goes with what is summed up, not with what is probed
    for (const double g : gradient)
      if (std::isfinite(g)) largest = std::max(largest, std::abs(g));
    std::vector<std::pair<double, double>> pairs;  // difference quotient, rule
    for (int64_t i = 0; i < n; i += stride) {
      const double before = x[size_t(i)], h = options.step * std::max(1.0, std::abs(before));
      set_element(wanted[k], i, before + h);
      const double above = dot(v, f(variables));  // at once: f may return x itself
      set_element(wanted[k], i, before - h);
      const double below = dot(v, f(variables));
      set_element(wanted[k], i, before);
      const double quotient = (above - below) / (2 * h);
      pairs.emplace_back(quotient, gradient[size_t(i)]);
    }
    const double allowed = options.tolerance * (1 + largest);
    for (size_t j = 0; j < pairs.size(); ++j)
      if (!(std::abs(pairs[j].first - pairs[j].second) <= allowed))  // also true for NaN
        return text("input ", k, " ", wanted[k].shape(), ", element ", int64_t(j) * stride, ": differences give ", pairs[j].first, ", the rule ",
                    pairs[j].second);
  }
  return "";
}

std::string gradgradcheck(const std::function<Tensor(const Tensors&)>& f, const Tensors& inputs, const GradcheckOptions& options) {
  const Tensor y = f(inputs);
  Tensors extended = inputs;
  extended.push_back(random_cotangent(y.shape(), options.seed + 1).to(y.device()));
  size_t count = 0;
  for (const Tensor& x : inputs) count += differentiated(x);

  // J(x)^T v of each differentiated input in turn, as a function of x and v.
  for (size_t k = 0; k < count; ++k) {
    const auto vector_jacobian = [&](const Tensors& in) {
      Tensors own, wanted;
      for (const Tensor& x : in) own.push_back(differentiated(x) && !requires_grad(x) ? variable(x) : x);
      for (size_t i = 0; i + 1 < own.size(); ++i)
        if (differentiated(own[i])) wanted.push_back(own[i]);
      const Tensors arguments(own.begin(), own.end() - 1);
      Tensor result;
      {
        const Recording on;
        const Tensor out = f(arguments);
        if (requires_grad(out)) result = grad(out, wanted, {.grad_output = own.back(), .create_graph = true, .allow_unused = true})[k];
      }
      return result.defined() ? result : Tensor::zeros_like(wanted[k]);
    };
    const std::string failure = gradcheck(vector_jacobian, extended, options);
    if (!failure.empty()) return text("second order, gradient of input ", k, ": ", failure);
  }
  return "";
}

}  // namespace ito
