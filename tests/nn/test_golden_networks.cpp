// U-ViT and SIREN against PyTorch: tests/golden/make_golden_networks.py made the files.
#include <doctest/doctest.h>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/loss.h"
#include "nn/inner_steps.h"
#include "nn/siren.h"
#include "nn/vit.h"
#include "tests/nn/golden.h"

using namespace ito;

namespace {

constexpr SirenOptions small_siren{.in = 2, .out = 1, .width = 16, .depth = 3};

}  // namespace

TEST_SUITE("nn") {
  TEST_CASE("U-ViT gives PyTorch's values and the gradients of every weight") {
    const Golden file = golden("uvit");
    Generator init;
    ViT net({.channels = 2, .size = 8, .patch = 2, .dim = 16, .depth = 2, .heads = 2, .mlp_ratio = 2, .classes = 3}, init);
    load_weights(net, file);
    const Tensor x = variable(file.at("x")), y = net(x, file.at("t"), file.at("label"));
    check_network(file, net, x, y);
  }

  TEST_CASE("SIREN gives PyTorch's values and gradients") {
    const Golden file = golden("siren");
    Generator init;
    Siren net(small_siren, init);
    load_weights(net, file);
    const Tensor x = variable(file.at("x")), y = net(x);
    check_network(file, net, x, y);
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
    for (const auto& [name, p] : net.parameters()) check_close("outer gradient of " + name, grad_of(p), file.at("outer." + name), many_layers);
  }
}
