// The gradient rule of a fused op, taken from its composed twin: f is run again on what was saved, recorded, and differentiated. Slower than
// the fused rule, and differentiable to any order.
#pragma once

#include <functional>

#include "tensor/tensor.h"

namespace ito {

// Gradients of f(inputs) with cotangent dy; undefined for inputs that need none.
Tensors composed_gradient(const std::function<Tensor(const Tensors&)>& f, const Tensors& inputs, const Tensor& dy);

}  // namespace ito
