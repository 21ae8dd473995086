// Comparison with tensors that PyTorch made: tests/golden/*.py.
#pragma once

#include <map>
#include <string>

#include "nn/module.h"

namespace ito {

using Golden = std::map<std::string, Tensor>;
Golden golden(const std::string& name);  // tests/golden/NAME.safetensors

// Both sides are f32 and sum in different orders.
constexpr double one_layer = 2e-5, many_layers = 1e-4;
// |got - expected| <= tolerance (1 + largest |expected|).
void check_close(const std::string& what, const Tensor& got, const Tensor& expected, double tolerance = one_layer);

// The parameters that the file has under prefix + NAME.
void load_weights(Module& net, const Golden& file, const std::string& prefix = "weights.");
// y, the network's output for the leaf x, and the gradients of x and of every parameter: "y", "dx", "gradients.NAME", for the cotangent "dy".
void check_network(const Golden& file, const Module& net, const Tensor& x, const Tensor& y);

}  // namespace ito
