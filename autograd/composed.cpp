#include "autograd/composed.h"

#include "autograd/graph.h"
#include "autograd/op.h"

namespace ito {

namespace {
// y = x, a node of its own: the walk back from f ends here instead of going on into the history of x.
struct Alias : OpNamed<"alias"> {
  Tensor forward(const Tensors& in) override { return in[0].detach(); }
  Tensors backward(const Tensor& dy) override { return {dy}; }
};
}  // namespace

Tensors composed_gradient(const std::function<Tensor(const Tensors&)>& f, const Tensors& inputs, const Tensor& dy) {
  const Recording on;
  Tensors aliases, wanted;
  for (const Tensor& x : inputs) {
    const bool needed = x.defined() && requires_grad(x);
    aliases.push_back(needed ? ito::apply(std::make_shared<Alias>(), {x}) : x);
    if (needed) wanted.push_back(aliases.back());
  }
  const Tensors gradients = grad(f(aliases), wanted, {.grad_output = dy, .create_graph = true, .allow_unused = true});
  Tensors out;
  size_t k = 0;
  for (const Tensor& x : inputs) out.push_back(x.defined() && requires_grad(x) ? gradients[k++] : Tensor());
  return out;
}

}  // namespace ito
