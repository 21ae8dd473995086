// Reverse-mode differentiation of any order.
//
//   Tensor x = variable(Tensor::scalar(3)), y = x * x * x;
//   Tensor dy = grad(y, {x}, {.create_graph = true})[0];   // 27, itself differentiable
//   Tensor d2y = grad(dy, {x})[0];                         // 18
#pragma once

#include <memory>

#include "tensor/tensor.h"

namespace ito {

class Op;

// What autograd hangs on a tensor: a leaf (op is null) accumulates into `grad`; another tensor is the output of `op`.
struct AutogradMeta {
  bool requires_grad = false;
  std::shared_ptr<Op> op;
  Tensor grad;
};

// A leaf that needs a gradient, on the same memory as `value`. Floating types only.
Tensor variable(const Tensor& value);
bool requires_grad(const Tensor& x);
void set_requires_grad(const Tensor& leaf, bool on);

// What backward() has accumulated into a leaf; undefined before the first.
Tensor grad_of(const Tensor& leaf);
void clear_grad(const Tensor& leaf);

struct GradOptions {
  Tensor grad_output = {};    // cotangent, of the output's shape; ones for a one-element output when undefined
  bool create_graph = false;  // record the backward pass, so that it can be differentiated again
  bool keep_graph = false;    // keep saved tensors for another pass (create_graph implies it)
  bool allow_unused = false;  // an input that `output` does not depend on: undefined gradient instead of an Error
};

// Adds d output / d leaf to every leaf's grad.
void backward(const Tensor& output, const GradOptions& options = {});
// d output / d inputs, nothing accumulated. Throws Error when an input is not part of the graph.
Tensors grad(const Tensor& output, const Tensors& inputs, const GradOptions& options = {});

// While one lives on this thread, operations are not recorded.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool before_;
};
bool recording();

// While one lives on this thread, operations are recorded again, also inside a NoGrad.
class Recording {
 public:
  Recording();
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

 private:
  bool before_;
};

// While one lives, the first op (forward or backward) whose result is not finite throws an Error that names it. Slow: for finding a NaN.
class FindNonFinite {
 public:
  FindNonFinite();
  ~FindNonFinite();
  FindNonFinite(const FindNonFinite&) = delete;
  FindNonFinite& operator=(const FindNonFinite&) = delete;

 private:
  bool before_;
};

// Whether every element is finite (true for integer types).
bool all_finite(const Tensor& x);

}  // namespace ito
