#include "nn/module.h"

#include <algorithm>

namespace ito {

void Module::add_parameter(const std::string& name, Tensor& tensor) {
  if (!tensor.defined()) return;
  tensor = variable(tensor);
  parameters_.emplace_back(name, &tensor);
}

void Module::collect(const std::string& prefix, std::vector<std::pair<std::string, Tensor*>> Module::*list, NamedTensors& out) const {
  for (const auto& [name, tensor] : this->*list) out.emplace_back(prefix + name, *tensor);
  for (const auto& [name, child] : children_) child->collect(prefix + name + ".", list, out);
}

NamedTensors Module::parameters() const {
  NamedTensors out;
  collect("", &Module::parameters_, out);
  return out;
}

NamedTensors Module::buffers() const {
  NamedTensors out;
  collect("", &Module::buffers_, out);
  return out;
}

NamedTensors Module::state() const {
  NamedTensors out = parameters();
  for (auto& buffer : buffers()) out.push_back(buffer);
  return out;
}

int64_t Module::parameter_count() const {
  int64_t count = 0;
  for (const auto& [name, tensor] : parameters()) count += tensor.numel();
  return count;
}

void Module::load_state(const std::map<std::string, Tensor>& state, const std::string& origin) {
  const NamedTensors own = this->state();
  for (const auto& [name, tensor] : own) {
    const auto found = state.find(name);
    ITO_CHECK(found != state.end(), origin, " is of another architecture: it has no '", name, "'");
    ITO_CHECK(found->second.shape() == tensor.shape(), origin, " is of another architecture: '", name, "' is ", found->second.shape(), ", expected ",
              tensor.shape());
  }
  for (const auto& theirs : state) {
    const bool known = std::any_of(own.begin(), own.end(), [&](const auto& mine) { return mine.first == theirs.first; });
    ITO_CHECK(known, origin, " is of another architecture: it has '", theirs.first, "', which this model lacks");
  }
  for (const auto& [name, tensor] : own) tensor.copy_from(state.at(name).to(tensor.dtype()));
}

void Module::to(Device device) {
  for (auto& [name, tensor] : parameters_)
    if (tensor->device() != device) *tensor = variable(tensor->to(device));
  for (auto& [name, tensor] : buffers_) *tensor = tensor->to(device);
  for (auto& [name, child] : children_) child->to(device);
}

void Module::set_training(bool on) {
  training_ = on;
  for (const auto& [name, child] : children_) child->set_training(on);
}

}  // namespace ito
