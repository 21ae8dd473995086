// One piece of work of the comparison with PyTorch, timed:  ito_work NAME ROUNDS [f32 | bf16]
// The same names are in pytorch.py; compare.py runs both. Prints one line of JSON: seconds of each round after two that are not counted, items a
// round (images; 1 for an op), flops of the definition, parameters, peak memory of the process in MB.
//   ito_work NAME ROUNDS TYPE breakdown
// prints instead where the time of these rounds went, op by op.
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

DType dtype = DType::f32;  // of activations; parameters are f32

Tensor random(const Shape& shape) {
  static Generator g{1};
  return normal(shape, g);
}

// A training step, forward, backward and AdamW, or the forward pass alone.
template <class Net>
Work network(const std::shared_ptr<Net>& net, int64_t batch, bool training, const std::function<Tensor()>& forward, const Tensor& target) {
  if (!training)
    return {[=] {
              const NoGrad guard;
              forward();
            },
            batch, net->parameter_count()};
  const auto adam = std::make_shared<Adam>(net->parameters(), AdamOptions{.weight_decay = 0.01, .decoupled = true});
  return {[=] {
            clear_gradients(net->parameters());
            backward(mse_loss(cast(forward(), DType::f32), target));
            adam->step({.lr = 2e-4});
          },
          batch, net->parameter_count()};
}

// Ho et al.'s U-Net for 32 x 32 grey images: 6,469,889 parameters.
Work unet(bool training) {
  constexpr int64_t batch = 32;
  const auto init = std::make_shared<Generator>(Generator{0});
  const auto net = std::make_shared<UNet>(UNetOptions{}, *init);
  const Tensor x = random({batch, 32, 32, 1}).to(dtype), t = uniform({batch}, *init, 0, 1000);
  return network(
      net, batch, training, [=] { return (*net)(x, t, {}, *init); }, random({batch, 32, 32, 1}));
}

// Bao et al.'s U-ViT for 32 x 32 grey images in patches of 4 x 4: 1,068,058 parameters; or a ViT of as many blocks: 1,002,266.
Work vit(bool long_skips, bool training) {
  constexpr int64_t batch = 64;
  Generator init{0};
  const auto net = std::make_shared<ViT>(ViTOptions{.depth = long_skips ? 4 : 5, .long_skips = long_skips}, init);
  const Tensor x = random({batch, 32, 32, 1}).to(dtype), t = uniform({batch}, init, 0, 1000);
  return network(
      net, batch, training, [=] { return (*net)(x, t); }, random({batch, 32, 32, 1}));
}

// A SIREN 2 -> 8 x 128 -> 1 at 64 x 1,024 points: 116,097 parameters.
Work siren_at_points(bool training) {
  constexpr int64_t batch = 64;
  Generator init{0};
  const auto net = std::make_shared<Siren>(SirenOptions{}, init);
  const Tensor x = uniform({batch, 1024, 2}, init, -1, 1).to(dtype);
  return network(
      net, batch, training, [=] { return (*net)(x); }, random({batch, 1024, 1}));
}

// The same net as the start of three gradient steps for each of 64 signals of 32 x 32 points, and AdamW with the gradient through them.
Work siren_inner_training() {
  constexpr int64_t batch = 64;
  Generator init{0};
  const auto net = std::make_shared<Siren>(SirenOptions{}, init);
  const Tensor x = grid_coordinates(32, 32).to(dtype), signals = random({batch, 1024, 1});
  const auto loss = [=](const Tensors& theta) { return mse_loss(cast(siren(x, theta), DType::f32), signals); };
  const auto summed = [=](const Tensors& theta) { return loss(theta) * double(batch); };
  const auto adam = std::make_shared<Adam>(net->parameters(), AdamOptions{.weight_decay = 0.01, .decoupled = true});
  return {[=] {
            clear_gradients(net->parameters());
            backward(loss(inner_steps(summed, repeat_for_signals(net->weights(), batch), 3, 1e-2)));
            adam->step({.lr = 2e-4});
          },
          batch, net->parameter_count()};
}

// f and the gradients of all inputs, or f alone.
Work op(const std::function<Tensor(const Tensors&)>& f, const Tensors& given, bool gradients) {
  Tensors inputs;
  for (const Tensor& x : given) inputs.push_back(x.to(dtype));
  if (!gradients)
    return {[=] {
      const NoGrad guard;
      f(inputs);
    }};
  Tensors variables;
  for (const Tensor& x : inputs) variables.push_back(variable(x));
  const Tensor dy = random(f(inputs).shape()).to(dtype);
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
      {"uvit training", [] { return vit(true, true); }},
      {"uvit forward", [] { return vit(true, false); }},
      {"vit training", [] { return vit(false, true); }},
      {"vit forward", [] { return vit(false, false); }},
      {"siren training", [] { return siren_at_points(true); }},
      {"siren forward", [] { return siren_at_points(false); }},
      {"siren inner training", siren_inner_training},
      {"adamw 6.5M", adamw},
      {"copy 64 MB forward", [] { return op([](const Tensors& in) { return in[0].clone(); }, {random({1 << 24})}, false); }},
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
  add("matmul 1024", [](bool gradients) {
    return op([](const Tensors& in) { return matmul(in[0], in[1]); }, {random({1024, 1024}), random({1024, 1024})}, gradients);
  });
  add("softmax", [](bool gradients) { return op([](const Tensors& in) { return softmax(in[0]); }, {random({4096, 1024})}, gradients); });
  add("fft 32x32", [](bool gradients) { return op([](const Tensors& in) { return fft2(in[0]); }, {random({64, 32, 32, 2})}, gradients); });
  return all;
}

void breakdown(const Work& work, int rounds) {
  work.round();
  const Profile profile;
  const auto start = std::chrono::steady_clock::now();
  for (int round = 0; round < rounds; ++round) work.round();
  double rest = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double total = rest;
  std::printf("%-22s %-9s %6s %10s %7s %10s\n", "op", "pass", "calls", "ms", "share", "GFLOP/s");
  const auto line = [&](const char* name, const char* pass, int64_t calls, double seconds, double flops) {
    std::printf("%-22s %-9s %6ld %10.2f %6.1f%% %10.1f\n", name, pass, long(calls / rounds), seconds / rounds * 1e3, 100 * seconds / total,
                flops / seconds / 1e9);
  };
  double flops = 0;
  for (const ProfileRow& row : profile.rows()) {
    line(row.name.c_str(), row.backward ? "backward" : "forward", row.calls, row.seconds, row.flops);
    rest -= row.seconds;
    flops += row.flops;
  }
  line("between", "", 0, rest, 0);
  line("all", "", 0, total, flops);
}

}  // namespace

int main(int argc, char** argv) {
  const auto all = works();
  if (argc < 3 || argc > 5 || !all.contains(argv[1])) {
    for (const auto& [name, make] : all) std::printf("%s\n", name.c_str());
    return argc == 1 ? 0 : 2;
  }
  if (argc > 3) dtype = dtype_named(argv[3]);
  const Work work = all.at(argv[1])();
  const int rounds = std::atoi(argv[2]);
  if (argc > 4) return breakdown(work, rounds), 0;
  double flops = 0;
  {
    const Profile profile;
    work.round();
    for (const ProfileRow& row : profile.rows()) flops += row.flops;
  }
  std::printf("{\"seconds\": [");
  for (int round = -1; round < rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    work.round();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (round >= 0) std::printf("%s%.6f", round ? ", " : "", seconds);
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("], \"items\": %ld, \"flops\": %.0f, \"parameters\": %ld, \"peak_mb\": %.0f}\n", long(work.items), flops, long(work.parameters),
              double(usage.ru_maxrss) / 1024);
}
