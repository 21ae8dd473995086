// U-ViT and SIREN against PyTorch: tests/golden/make_golden_networks.py made the files.
#include <doctest/doctest.h>

#include <cmath>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/loss.h"
#include "nn/inner_steps.h"
#include "nn/siren.h"
#include "nn/vit.h"

using namespace ito;

namespace {

using Golden = std::map<std::string, Tensor>;

Golden golden(const std::string& name) { return load_safetensors(std::string(ITO_SOURCE_DIR) + "/tests/golden/" + name + ".safetensors").tensors; }

void load_weights(Module& net, const Golden& file) {
  std::map<std::string, Tensor> weights;
  for (const auto& [name, tensor] : file)
    if (name.starts_with("weights.")) weights[name.substr(8)] = tensor;
  net.load_state(weights, "golden");
}

// |got - expected| <= 1e-4 (1 + largest |expected|): both sides are f32 and sum in different orders, many layers deep.
void check_close(const std::string& what, const Tensor& got, const Tensor& expected) {
  REQUIRE_MESSAGE(got.shape() == expected.shape(), what, ": ", got.shape(), " and ", expected.shape());
  const std::vector<double> a = got.to_vector<double>(), b = expected.to_vector<double>();
  double largest = 0, worst = 0;
  for (const double v : b) largest = std::max(largest, std::abs(v));
  for (size_t i = 0; i < a.size(); ++i) worst = std::isnan(a[i]) ? INFINITY : std::max(worst, std::abs(a[i] - b[i]));
  CHECK_MESSAGE(worst <= 1e-4 * (1 + largest), what, ": off by ", worst, ", largest value ", largest);
}

constexpr SirenOptions small_siren{.in = 2, .out = 1, .width = 16, .depth = 3};

}  // namespace

TEST_SUITE("nn") {
  TEST_CASE("U-ViT gives PyTorch's values and the gradients of every weight") {
    const Golden file = golden("uvit");
    Generator init;
    ViT net({.channels = 2, .size = 8, .patch = 2, .dim = 16, .depth = 2, .heads = 2, .mlp_ratio = 2, .classes = 3}, init);
    load_weights(net, file);
    const Tensor x = variable(file.at("x")), y = net(x, file.at("t"), file.at("label"));
    check_close("output", y, file.at("y"));
    backward(y, {.grad_output = file.at("dy")});
    check_close("gradient of the images", grad_of(x), file.at("dx"));
    for (const auto& [name, p] : net.parameters()) check_close("gradient of " + name, grad_of(p), file.at("gradients." + name));
  }

  TEST_CASE("SIREN gives PyTorch's values and gradients") {
    const Golden file = golden("siren");
    Generator init;
    Siren net(small_siren, init);
    load_weights(net, file);
    const Tensor x = variable(file.at("x")), y = net(x);
    check_close("output", y, file.at("y"));
    backward(y, {.grad_output = file.at("dy")});
    check_close("gradient of the coordinates", grad_of(x), file.at("dx"));
    for (const auto& [name, p] : net.parameters()) check_close("gradient of " + name, grad_of(p), file.at("gradients." + name));
  }

  TEST_CASE("the gradient through three inner steps, weights for each signal, is PyTorch's") {
    const Golden file = golden("siren");
    Generator init;
    Siren net(small_siren, init);
    load_weights(net, file);
    const Tensor signals = file.at("signals");
    const auto loss = [&](const Tensors& theta) { return mse_loss(siren(file.at("x"), theta), signals); };
    const auto summed = [&](const Tensors& theta) { return loss(theta) * double(signals.extent(0)); };
    const Tensor outer = loss(inner_steps(summed, repeat_for_signals(net.weights(), signals.extent(0)), 3, 0.01));
    CHECK(outer.item() == doctest::Approx(file.at("outer_loss").item()).epsilon(1e-5));
    backward(outer);
    for (const auto& [name, p] : net.parameters()) check_close("outer gradient of " + name, grad_of(p), file.at("outer." + name));
  }
}
