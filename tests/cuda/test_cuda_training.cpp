// Whole networks: training and sampling on the device give what the cpu gives.
#include <doctest/doctest.h>

#include <cmath>

#include <nlohmann/json.hpp>

#include "autograd/ops/arithmetic.h"
#include "diffusion/trainer.h"
#include "kernels/simt/settings.h"
#include "nn/optim.h"
#include "tests/temporary.h"

using namespace ito;

namespace {

// The digits' network, smaller, with dropout and hidden labels.
Json config_on(const std::string& device, const std::string& changes = "{}") {
  Json json = Json::parse(R"({"device": ")" + device + R"(", "data": {"name": "mnist", "limit": 100},
      "model": {"base": 16, "multipliers": [1, 2], "blocks": 1, "attention": [1], "classes": 10, "patch": 2, "dropout": 0.1},
      "diffusion": {"prediction": "x0"},
      "train": {"batch": 2, "steps": 5, "lr": 0.002, "warmup": 200, "log_steps": 1, "seed": 3}})");
  json.merge_patch(Json::parse(changes));
  return json;
}

struct Run {
  std::vector<double> losses;
  TensorFile checkpoint;
};

Run train(const Json& config) {
  const TemporaryFolder folder;
  const std::atomic<bool> never = false;
  Run run;
  Trainer trainer(parse_run_config(config), folder.path);
  trainer.run([&](const StepReport& r) { run.losses.push_back(r.loss); }, never);
  run.checkpoint = load_safetensors(folder / "checkpoint.safetensors");
  return run;
}

// The largest |a - b| / (1 + |a|) of two files' tensors of the same names, under those names that have the prefix.
double distance(const TensorFile& a, const TensorFile& b, const std::string& prefix) {
  double largest = 0;
  REQUIRE(a.tensors.size() == b.tensors.size());
  for (const auto& [name, tensor] : a.tensors) {
    if (!name.starts_with(prefix)) continue;
    const std::vector<double> x = tensor.to_vector<double>(), y = b.tensors.at(name).to_vector<double>();
    for (size_t i = 0; i < x.size(); ++i) {
      const double gap = std::abs(x[i] - y[i]) / (1 + std::abs(x[i]));
      largest = gap <= largest ? largest : gap;  // a NaN stays
    }
  }
  return largest;
}

}  // namespace

TEST_SUITE("cuda") {
  TEST_CASE("five steps of training on the device give the cpu's losses to 1e-5 and its weights to 1e-4") {
    const Run cpu = train(config_on("cpu")), cuda = train(config_on("cuda"));
    REQUIRE(cpu.losses.size() == 5);
    REQUIRE(cuda.losses.size() == 5);
    for (size_t i = 0; i < 5; ++i) {
      MESSAGE("step ", i + 1, ": loss ", cpu.losses[i], ", relative difference ", std::abs(cuda.losses[i] / cpu.losses[i] - 1));
      CHECK(std::abs(cuda.losses[i] / cpu.losses[i] - 1) <= 1e-5);
    }
    MESSAGE("weights differ by ", distance(cpu.checkpoint, cuda.checkpoint, "model."));
    CHECK(distance(cpu.checkpoint, cuda.checkpoint, "model.") <= 1e-4);
    CHECK(distance(cpu.checkpoint, cuda.checkpoint, "ema.") <= 1e-4);
  }

  TEST_CASE("training on the device gives the same bits again, and on a device of another size, in another order of lanes and blocks") {
    const Json config = config_on("cuda", R"({"train": {"steps": 2}})");
    const Run one = train(config);
    const simt::Settings before = simt::settings();
    simt::set_settings({.order = simt::Order::shuffled, .seed = 5, .multiprocessors = 3});
    const Run other = train(config);
    simt::set_settings(before);
    CHECK(one.losses == other.losses);
    CHECK(distance(one.checkpoint, other.checkpoint, "") == 0);
  }

  TEST_CASE("sampling on the device gives the cpu's pictures to 1e-3") {
    const RunConfig config = parse_run_config(config_on("cpu"));
    const auto pictures = [&](Device device, const std::string& sampler) {
      DiffusionTask task(config);
      Generator noise{.seed = 9};
      for (const auto& [name, p] : task.network().parameters()) p.copy_from(p + normal(p.shape(), noise) * 0.02);  // no block is the identity
      task.network().to(device);
      task.network().set_training(false);
      const Tensor labels = Tensor::from<int64_t>({3, 8}).to(device);
      return sample(task.model().process(), task.model().denoiser(labels, 0.5), {2, 28, 28, 1},
                    {.sampler = sampler, .steps = 4, .eta = 0.3, .seed = 2, .device = device})
          .to_vector<double>();
    };
    const std::vector<double> cpu = pictures(Device::cpu, "ddim"), cuda = pictures(Device::cuda, "ddim");
    double largest = 0;
    for (size_t i = 0; i < cpu.size(); ++i) largest = std::abs(cpu[i] - cuda[i]) <= largest ? largest : std::abs(cpu[i] - cuda[i]);
    MESSAGE("pictures differ by ", largest);
    CHECK(largest <= 1e-3);
  }
}
