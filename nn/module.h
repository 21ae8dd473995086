// Module: a tree of layers with named parameters and buffers.
//
//   struct Net : Module {
//     Linear hidden, out;
//     explicit Net(Generator& g) : hidden(2, 16, g), out(16, 1, g) { add("hidden", hidden); add("out", out); }
//     Tensor operator()(const Tensor& x) const { return out(tanh(hidden(x))); }
//   };
//
// A module holds pointers to its own members, so it is neither copied nor moved.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "autograd/graph.h"
#include "tensor/safetensors.h"

namespace ito {

class Module {
 public:
  Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  virtual ~Module() = default;

  // With the path in the tree as name, "down.0.conv.weight", in the order they were added.
  NamedTensors parameters() const;
  NamedTensors buffers() const;
  NamedTensors state() const;  // both
  int64_t parameter_count() const;

  // Copies values into parameters and buffers. Throws Error that names what is missing, superfluous or of another shape; then nothing was changed.
  void load_state(const std::map<std::string, Tensor>& state, const std::string& origin);

  // Moves parameters and buffers to the device; tensors that were taken from the module before stay where they are.
  void to(Device device);

  // Training or use: dropout and batch norm differ. Training at first.
  void set_training(bool on);
  bool training() const { return training_; }

 protected:
  void add(const std::string& name, Module& child) { children_.emplace_back(name, &child); }
  // Makes `tensor` a leaf that needs a gradient. An undefined one (a layer without bias) is left out.
  void add_parameter(const std::string& name, Tensor& tensor);
  void add_buffer(const std::string& name, Tensor& tensor) { buffers_.emplace_back(name, &tensor); }

 private:
  void collect(const std::string& prefix, std::vector<std::pair<std::string, Tensor*>> Module::*list, NamedTensors& out) const;

  std::vector<std::pair<std::string, Module*>> children_;
  std::vector<std::pair<std::string, Tensor*>> parameters_, buffers_;
  bool training_ = true;
};

// Several modules of one type under the names 0, 1, 2, ...
template <class M>
class ModuleList : public Module {
 public:
  template <class... Args>
  M& emplace(Args&&... args) {
    items_.push_back(std::make_unique<M>(std::forward<Args>(args)...));
    add(std::to_string(items_.size() - 1), *items_.back());
    return *items_.back();
  }
  size_t size() const { return items_.size(); }
  const M& operator[](size_t i) const { return *items_[i]; }

 private:
  std::vector<std::unique_ptr<M>> items_;
};

}  // namespace ito
