// Layers, optimisers and a whole U-Net against PyTorch: tests/golden/make_golden.py made the files.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "autograd/ops/attention.h"
#include "autograd/ops/conv2d.h"
#include "autograd/ops/loss.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/norm.h"
#include "autograd/ops/pool2d.h"
#include "autograd/ops/softmax.h"
#include "autograd/ops/unary.h"
#include "nn/layers.h"
#include "nn/optim.h"
#include "nn/unet.h"
#include "tests/nn/golden.h"

using namespace ito;

namespace {

// Value and all gradients of f, whose inputs are the file's tensors NAME.x, NAME.w, ...
void check_layer(const Golden& file, const std::string& name, const std::vector<std::string>& inputs,
                 const std::function<Tensor(const Tensors&)>& f) {
  Tensors variables;
  for (const std::string& input : inputs) variables.push_back(variable(file.at(text(name, ".", input))));
  const Tensor y = f(variables);
  check_close(name, y, file.at(name + ".y"));
  const Tensors gradients = grad(y, variables, {.grad_output = file.at(name + ".dy")});
  for (size_t i = 0; i < inputs.size(); ++i) check_close(name + " gradient of " + inputs[i], gradients[i], file.at(name + ".d" + inputs[i]));
}

}  // namespace

TEST_SUITE("nn") {
  TEST_CASE("layers give PyTorch's values and gradients") {
    const Golden file = golden("layers");
    const std::vector<std::string> xwb{"x", "w", "b"};
    check_layer(file, "conv", xwb, [](const Tensors& in) { return conv2d(in[0], in[1], in[2], {.stride = 2, .padding = 1}); });
    check_layer(file, "conv_groups", xwb, [](const Tensors& in) { return conv2d(in[0], in[1], in[2], {.padding = 1, .groups = 2}); });
    check_layer(file, "conv_transpose", xwb, [](const Tensors& in) { return conv_transpose2d(in[0], in[1], in[2], {.stride = 2, .padding = 1}); });
    check_layer(file, "linear", xwb, [](const Tensors& in) { return linear(in[0], in[1], in[2]); });
    check_layer(file, "group_norm", xwb, [](const Tensors& in) { return group_norm(in[0], in[1], in[2], {4}); });
    check_layer(file, "group_norm_silu", xwb, [](const Tensors& in) { return group_norm_silu(in[0], in[1], in[2], {2}); });
    check_layer(file, "batch_norm", xwb, [](const Tensors& in) { return batch_norm(in[0], in[1], in[2]); });
    check_layer(file, "layer_norm", xwb, [](const Tensors& in) { return layer_norm(in[0], in[1], in[2]); });
    check_layer(file, "max_pool", {"x"}, [](const Tensors& in) { return max_pool2d(in[0], {3, 2, 1}); });
    check_layer(file, "avg_pool", {"x"}, [](const Tensors& in) { return avg_pool2d(in[0], {3, 2, 1}); });
    check_layer(file, "upsample", {"x"}, [](const Tensors& in) { return upsample_nearest(in[0], 2); });
    check_layer(file, "gelu", {"x"}, [](const Tensors& in) { return gelu(in[0]); });
    check_layer(file, "log_softmax", {"x"}, [](const Tensors& in) { return log_softmax(in[0]); });
    check_layer(file, "cross_entropy", {"x"}, [&](const Tensors& in) { return cross_entropy(in[0], file.at("cross_entropy.label")); });
  }

  TEST_CASE("multi-head attention gives PyTorch's values and gradients") {
    const Golden file = golden("layers");
    Generator init;
    MultiHeadAttention attention(12, 3, init);
    load_weights(attention, file, "attention.weights.");
    check_layer(file, "attention", {"q", "k", "v"}, [&](const Tensors& in) { return attention(in[0], in[1], in[2]); });
  }

  TEST_CASE("optimisers with clipping take PyTorch's steps") {
    const Golden file = golden("optimisers");
    const std::vector<std::pair<std::string, std::function<std::unique_ptr<Optimiser>(const NamedTensors&)>>> makers{
        {"sgd", [](const NamedTensors& p) { return std::make_unique<Sgd>(p); }},
        {"sgd_momentum", [](const NamedTensors& p) { return std::make_unique<Sgd>(p, 0.9, 0.05); }},
        {"adam",
         [](const NamedTensors& p) {
           return std::make_unique<Adam>(p, AdamOptions{0.8, 0.95, 1e-8, 0.05, false});
         }},
        {"adamw", [](const NamedTensors& p) {
           return std::make_unique<Adam>(p, AdamOptions{0.9, 0.99, 1e-8, 0.05, true});
         }}};
    for (const auto& [name, make] : makers) {
      NamedTensors parameters;
      for (const char* i : {"0", "1"}) parameters.emplace_back(i, variable(file.at(std::string("start.") + i).clone()));
      const auto optimiser = make(parameters);
      for (int step = 0; step < 10; ++step) {
        clear_gradients(parameters);
        for (const auto& [i, p] : parameters) backward(p, {.grad_output = file.at(text("gradient.", step, ".", i))});
        const double norm = global_norm(parameters);
        CHECK(norm == doctest::Approx(file.at(text(name, ".norm.", step)).item()).epsilon(1e-5));
        optimiser->step({.lr = 0.1, .gradient_scale = std::min(1.0, 1 / (norm + 1e-6))});  // PyTorch adds 1e-6
      }
      for (const auto& [i, p] : parameters) check_close(name, p, file.at(text(name, ".", i)));
    }
  }

  TEST_CASE("the U-Net gives PyTorch's values and the gradients of every weight") {
    const Golden file = golden("unet");
    Generator init, unused;
    UNet net({.channels = 2, .base = 8, .multipliers = {1, 2}, .blocks = 1, .attention = {1}, .classes = 3}, init);
    load_weights(net, file);
    const Tensor x = variable(file.at("x")), y = net(x, file.at("t"), file.at("label"), unused);
    check_network(file, net, x, y);
  }
}
