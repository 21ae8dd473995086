#include "nn/inner_steps.h"

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/reduce.h"

namespace ito {

namespace {
Tensors gradients_at(const std::function<Tensor(const Tensors&)>& loss, Tensors& theta, bool create_graph) {
  for (Tensor& t : theta)
    if (!requires_grad(t)) t = variable(t);
  const Recording on;
  return grad(loss(theta), theta, {.create_graph = create_graph});
}
}  // namespace

Tensors inner_steps(const std::function<Tensor(const Tensors&)>& loss, Tensors theta, int steps, double rate) {
  for (int k = 0; k < steps; ++k) {
    const Tensors gradients = gradients_at(loss, theta, recording());
    for (size_t i = 0; i < theta.size(); ++i) theta[i] = theta[i] - gradients[i] * rate;
  }
  return theta;
}

Tensors repeat_for_signals(const Tensors& theta, int64_t signals) {
  Tensors repeated;
  for (const Tensor& t : theta) {
    Shape shape = t.shape();
    shape.insert(shape.begin(), signals);
    repeated.push_back(broadcast_to(t, shape));
  }
  return repeated;
}

}  // namespace ito
