// One piece of work of the comparison with PyTorch, timed:  ito_work NAME ROUNDS
// The same names are in pytorch.py; compare.py runs both. Prints one line of JSON: seconds of each round after two that are not counted, items a
// round (images; 1 for an op), parameters, peak memory of the process in MB.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>

#include "ito.h"

using namespace ito;

namespace {

struct Work {
  std::function<void()> round;
  int64_t items = 1, parameters = 0;
};

Tensor random(const Shape& shape) {
  static Generator g{1};
  return normal(shape, g);
}

// Ho et al.'s U-Net for 32 x 32 grey images: 6,469,889 parameters.
Work unet(bool training) {
  constexpr int64_t batch = 32;
  const auto init = std::make_shared<Generator>(Generator{0});
  const auto net = std::make_shared<UNet>(UNetOptions{}, *init);
  const Tensor x = random({batch, 32, 32, 1}), noise = random({batch, 32, 32, 1}), t = uniform({batch}, *init, 0, 1000);
  const int64_t parameters = net->parameter_count();
  if (!training)
    return {[=] {
              const NoGrad guard;
              (*net)(x, t, {}, *init);
            },
            batch, parameters};
  const auto adam = std::make_shared<Adam>(net->parameters(), AdamOptions{.weight_decay = 0.01, .decoupled = true});
  return {[=] {
            clear_gradients(net->parameters());
            backward(mse_loss((*net)(x, t, {}, *init), noise));
            adam->step({.lr = 2e-4});
          },
          batch, parameters};
}

// f and the gradients of all inputs, or f alone.
Work op(const std::function<Tensor(const Tensors&)>& f, const Tensors& inputs, bool gradients) {
  if (!gradients)
    return {[=] {
      const NoGrad guard;
      f(inputs);
    }};
  Tensors variables;
  for (const Tensor& x : inputs) variables.push_back(variable(x));
  const Tensor dy = random(f(inputs).shape());
  return {[=] { grad(f(variables), variables, {.grad_output = dy}); }};
}

Work conv(int64_t channels, int64_t size, bool gradients) {
  const auto f = [](const Tensors& in) { return conv2d(in[0], in[1], {}, {.padding = 1}); };
  return op(f, {random({32, size, size, channels}), random({channels, 3, 3, channels}) * 0.05}, gradients);
}

Work attend(int64_t tokens, bool gradients) {
  const auto f = [](const Tensors& in) { return attention(in[0], in[1], in[2], {.num_heads = 4}); };
  return op(f, {random({8, tokens, 128}), random({8, tokens, 128}), random({8, tokens, 128})}, gradients);
}

Work adamw() {
  NamedTensors parameters;
  for (int i = 0; i < 100; ++i) {
    const Tensor p = variable(random({65000}));
    backward(sum(p * random({65000})));
    parameters.emplace_back("p" + std::to_string(i), p);
  }
  const auto adam = std::make_shared<Adam>(parameters, AdamOptions{.weight_decay = 0.01, .decoupled = true});
  return {[=] { adam->step({.lr = 1e-4}); }};
}

std::map<std::string, std::function<Work()>> works() {
  std::map<std::string, std::function<Work()>> all{
      {"unet training", [] { return unet(true); }},
      {"unet forward", [] { return unet(false); }},
      {"adamw 6.5M", adamw},
  };
  const auto add = [&](const std::string& name, const std::function<Work(bool)>& make) {
    all[name + " forward"] = [=] { return make(false); };
    all[name + " gradients"] = [=] { return make(true); };
  };
  add("conv 3x3 64", [](bool g) { return conv(64, 32, g); });
  add("conv 3x3 128", [](bool g) { return conv(128, 16, g); });
  add("conv 3x3 256", [](bool g) { return conv(256, 8, g); });
  add("attention 256", [](bool g) { return attend(256, g); });
  add("attention 1024", [](bool g) { return attend(1024, g); });
  add("group norm + silu", [](bool gradients) {
    return op([](const Tensors& in) { return group_norm_silu(in[0], in[1], in[2], {.groups = 32}); },
              {random({32, 32, 32, 64}), random({64}), random({64})}, gradients);
  });
  add("layer norm", [](bool gradients) {
    return op([](const Tensors& in) { return layer_norm(in[0], in[1], in[2]); }, {random({64, 64, 128}), random({128}), random({128})}, gradients);
  });
  add("softmax", [](bool gradients) { return op([](const Tensors& in) { return softmax(in[0]); }, {random({4096, 1024})}, gradients); });
  add("fft 32x32", [](bool gradients) { return op([](const Tensors& in) { return fft2(in[0]); }, {random({64, 32, 32, 2})}, gradients); });
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  const auto all = works();
  if (argc != 3 || !all.contains(argv[1])) {
    for (const auto& [name, make] : all) std::printf("%s\n", name.c_str());
    return argc == 1 ? 0 : 2;
  }
  const Work work = all.at(argv[1])();
  const int rounds = std::atoi(argv[2]);
  std::printf("{\"seconds\": [");
  for (int round = -2; round < rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    work.round();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (round >= 0) std::printf("%s%.6f", round ? ", " : "", seconds);
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("], \"items\": %ld, \"parameters\": %ld, \"peak_mb\": %.0f}\n", long(work.items), long(work.parameters),
              double(usage.ru_maxrss) / 1024);
}
