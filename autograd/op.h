// Op: one node of the graph. The rule stands under the forward, in one struct, with what it saves as named members:
//
//   struct Softmax : OpNamed<"softmax"> {
//     Saved y{*this};                                              // the rule needs the output, not the input
//     Tensor forward(const Tensors& in) override;                  // calls the kernel; ends with  return y.save_output(out);
//     Tensors backward(const Tensor& dy) override;                 // calls the fused kernel; one gradient per input
//     Tensors backward_composed(const Tensor& dy) override;        // the same in differentiable ops, for higher derivatives
//   };
//   Tensor softmax(const Tensor& x) { return apply(std::make_shared<Softmax>(), {x}); }
//
// An op has one output. A rule made of differentiable ops is written once, as backward().
// The engine, not the rule, sums gradients over broadcast axes and checks their shape and type.
#pragma once

#include <memory>
#include <vector>

#include "kernels/registry.h"
#include "tensor/tensor.h"

namespace ito {

class Op;

// What a rule keeps from the forward pass. An input is kept with its history; an output without (it would own its own node), and
// the history is put back when the rule asks for it. Freed by the engine as soon as the rule has run.
class Saved {
 public:
  explicit Saved(Op& owner);
  ~Saved();
  Saved(const Saved&) = delete;
  Saved& operator=(const Saved&) = delete;

  void save(const Tensor& input);
  const Tensor& save_output(const Tensor& output);  // returns its argument
  // Throws Error when it was freed (a second backward without keep_graph) or overwritten in place since.
  Tensor get() const;
  operator Tensor() const { return get(); }

 private:
  friend class Op;
  Op& owner_;
  Tensor tensor_;
  uint64_t version_ = 0;
  bool is_output_ = false;
};

class Op : public std::enable_shared_from_this<Op> {
 public:
  Op() = default;
  Op(const Op&) = delete;
  Op& operator=(const Op&) = delete;
  virtual ~Op();

  virtual const char* name() const = 0;
  virtual Tensor forward(const Tensors& inputs) = 0;
  // Gradients of the inputs, in order, given the output's. An undefined tensor means zero. When the rule calls a kernel, and so is not
  // differentiable itself, backward_composed gives the same in differentiable ops; the engine calls that one when it records.
  virtual Tensors backward(const Tensor& grad_output) = 0;
  virtual Tensors backward_composed(const Tensor& grad_output) { return backward(grad_output); }

  // Whether the rule should work out the gradient of input i (false for constants: the rule may skip the work).
  bool needs_gradient(size_t i) const { return i < inputs_.size() && inputs_[i].meta != nullptr; }

  void free_saved();

 private:
  friend class Saved;
  friend struct Engine;
  friend Tensor apply(std::shared_ptr<Op> op, const Tensors& inputs);

  // An input that needs a gradient: the leaf or the node it came from. Others have a null meta.
  struct Input {
    std::shared_ptr<AutogradMeta> meta;
    Shape shape;
    DType dtype;
  };
  std::vector<Input> inputs_;
  std::vector<Saved*> saved_;
  std::weak_ptr<AutogradMeta> output_meta_;
  uint64_t sequence_ = 0;  // grows with every recorded op: descending order is a topological order
  bool freed_ = false;
};

// Every op's name, and how often apply() has run it: the completeness tests ask. add_op returns true so that it can start a static.
struct OpCount {
  const char* name;
  int64_t applied = 0;
};
std::vector<OpCount>& op_counts();
bool add_op(const char* name);

// The base of an op of that name; linking the op in is enough to have it listed.
template <kernels::Name op_name>
class OpNamed : public Op {
 public:
  const char* name() const override {
    static_cast<void>(listed);
    return op_name.characters;
  }

 private:
  static inline const bool listed = add_op(op_name.characters);
};

// Runs the forward and, when an input needs a gradient and recording is on, puts the op into the graph.
Tensor apply(std::shared_ptr<Op> op, const Tensors& inputs);

}  // namespace ito
