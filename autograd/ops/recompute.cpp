#include "autograd/ops/recompute.h"

#include "autograd/graph.h"
#include "autograd/op.h"

namespace ito {

namespace {

using Body = std::function<Tensor(const Tensors&)>;

struct Recompute : OpNamed<"recompute"> {
  Body body;
  Tensors parameters;
  std::vector<std::unique_ptr<Saved>> saved;
  Recompute(Body b, Tensors p) : body(std::move(b)), parameters(std::move(p)) {}

  Tensor forward(const Tensors& in) override {
    const auto inputs = in.end() - int64_t(parameters.size());
    for (auto x = in.begin(); x != in.end(); ++x) saved.emplace_back(std::make_unique<Saved>(*this))->save(*x);
    return body(Tensors(in.begin(), inputs));
  }

  // The graph inside is built now, on leaves of its own, and differentiated.
  Tensors backward(const Tensor& dy) override {
    const size_t inputs = saved.size() - parameters.size();
    Tensors leaves, wanted;
    for (size_t i = 0; i < saved.size(); ++i) {
      const Tensor x = saved[i]->get();  // throws when it was overwritten
      if (i < inputs) leaves.push_back(needs_gradient(i) ? variable(x) : x);
      if (needs_gradient(i)) wanted.push_back(i < inputs ? leaves[i] : parameters[i - inputs]);
    }
    Tensor y;
    {
      const Recording on;
      y = body(leaves);
    }
    const Tensors found = grad(y, wanted, {.grad_output = dy, .allow_unused = true});
    Tensors gradients(saved.size());
    for (size_t i = 0, next = 0; i < saved.size(); ++i)
      if (needs_gradient(i)) gradients[i] = found[next++];
    return gradients;
  }

  // Each gradient is a part to be recomputed, too: a function of the cotangent and the inputs.
  Tensors backward_composed(const Tensor& dy) override {
    const size_t inputs = saved.size() - parameters.size();
    Tensors from{dy};
    for (size_t i = 0; i < inputs; ++i) from.push_back(saved[i]->get());
    Tensors gradients(saved.size());
    for (size_t i = 0; i < saved.size(); ++i) {
      if (!needs_gradient(i)) continue;
      const Tensor parameter = i < inputs ? Tensor() : parameters[i - inputs];
      gradients[i] = recomputed([part = body, i, parameter](const Tensors& in) { return gradient_of(part, i, parameter, in); }, from, parameters);
    }
    return gradients;
  }

  // in[0]: the cotangent, then body's inputs. Recorded when those are leaves of an outer backward(); else they get leaves here.
  static Tensor gradient_of(const Body& part, size_t i, const Tensor& parameter, const Tensors& in) {
    const bool recorded = recording();
    Tensors leaves;
    for (size_t k = 1; k < in.size(); ++k)
      leaves.push_back((recorded && requires_grad(in[k])) || !in[k].defined() || !in[k].is_floating() ? in[k] : variable(in[k]));
    Tensor y;
    {
      const Recording on;
      y = part(leaves);
    }
    const Tensor x = parameter.defined() ? parameter : leaves[i];
    const Tensor g = requires_grad(y) ? grad(y, {x}, {.grad_output = in[0], .create_graph = recorded, .allow_unused = true})[0] : Tensor();
    return g.defined() ? g : Tensor::zeros(x.shape(), x.dtype(), x.device());
  }
};

}  // namespace

Tensor recomputed(const std::function<Tensor(const Tensors&)>& body, const Tensors& inputs, const Tensors& parameters) {
  Tensors all = inputs;
  all.insert(all.end(), parameters.begin(), parameters.end());
  return ito::apply(std::make_shared<Recompute>(body, parameters), all);  // not std::apply
}

}  // namespace ito
