// Gradient checks by central differences, in f64 with random cotangents (a sum as the loss would hide softmax's and the norms' gradients).
//   first order    <v, J u>  by differences  ==  <J^T v, u>  by the rule, for every single coordinate u of every input
//   second order   the same for g(x, v) = J(x)^T v, recorded, differentiated with respect to x and v
#pragma once

#include <functional>
#include <string>

#include "tensor/tensor.h"

namespace ito {

struct GradcheckOptions {
  double step = 1e-5;       // central differences: error O(step^2) + O(eps/step)
  double tolerance = 1e-6;  // relative to the largest element of the gradient, plus the same absolutely
  uint32_t seed = 1;        // of the cotangent
  int max_elements = 64;    // elements probed per input, spread evenly; all of a smaller one
};

// Empty when the gradients of f agree with differences, else one line: input, element, expected, got. f64 inputs are differentiated;
// integer and bool inputs are passed on.
std::string gradcheck(const std::function<Tensor(const Tensors&)>& f, const Tensors& inputs, const GradcheckOptions& options = {});
std::string gradgradcheck(const std::function<Tensor(const Tensors&)>& f, const Tensors& inputs, const GradcheckOptions& options = {});

}  // namespace ito
