#include "tests/nn/golden.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

namespace ito {

Golden golden(const std::string& name) { return load_safetensors(std::string(ITO_SOURCE_DIR) + "/tests/golden/" + name + ".safetensors").tensors; }

void check_close(const std::string& what, const Tensor& got, const Tensor& expected, double tolerance) {
  REQUIRE_MESSAGE(got.shape() == expected.shape(), what, ": ", got.shape(), " and ", expected.shape());
  const std::vector<double> a = got.to_vector<double>(), b = expected.to_vector<double>();
  double largest = 0, worst = 0;
  for (const double v : b) largest = std::max(largest, std::abs(v));
  for (size_t i = 0; i < a.size(); ++i) worst = std::isnan(a[i]) ? INFINITY : std::max(worst, std::abs(a[i] - b[i]));
  CHECK_MESSAGE(worst <= tolerance * (1 + largest), what, ": off by ", worst, ", largest value ", largest);
}

void load_weights(Module& net, const Golden& file, const std::string& prefix) {
  std::map<std::string, Tensor> weights;
  for (const auto& [name, tensor] : file)
    if (name.starts_with(prefix)) weights[name.substr(prefix.size())] = tensor;
  net.load_state(weights, "golden");
}

void check_network(const Golden& file, const Module& net, const Tensor& x, const Tensor& y) {
  check_close("output", y, file.at("y"), many_layers);
  backward(y, {.grad_output = file.at("dy")});
  check_close("gradient of the input", grad_of(x), file.at("dx"), many_layers);
  for (const auto& [name, p] : net.parameters()) check_close("gradient of " + name, grad_of(p), file.at("gradients." + name), many_layers);
}

}  // namespace ito
