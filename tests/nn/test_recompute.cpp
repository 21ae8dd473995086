#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/unary.h"
#include "nn/unet.h"
#include "tensor/memory.h"
#include "tests/cases/case.h"

using namespace ito;

namespace {
struct Step {
  std::vector<std::vector<double>> values;  // the loss, then all gradients
  uint32_t draws = 0;
  int64_t peak = 0;
};

// A step of training, as it comes out with and without recomputation.
Step step(bool recompute) {
  Generator init{.seed = 1}, random{.seed = 2};
  const UNet net({.base = 16, .multipliers = {1, 2}, .dropout = 0.2, .classes = 3, .recompute = recompute}, init);
  for (const auto& [name, parameter] : net.parameters()) {  // blocks start as the identity: their gradients would be zero
    Tensor value = parameter.detach();
    if (max(abs(value)).item() == 0) value.copy_from(checks::normal_values(value.shape(), 0, 0.1).to(DType::f32));
  }
  const Tensor x = checks::normal_values({16, 16, 16, 1}).to(DType::f32), t = checks::uniform_values({16}, 0, 1000).to(DType::f32),
               labels = checks::index_values({16}, 4);
  reset_peak_memory(Device::cpu);
  const int64_t before = memory_counters(Device::cpu).active;
  const Tensor y = net(x, t, labels, random), loss = mean(y * y);
  backward(loss);
  Step result{.values = {loss.to_vector<double>()}, .draws = random.call, .peak = memory_counters(Device::cpu).peak - before};
  for (const auto& [name, parameter] : net.parameters()) result.values.push_back(grad_of(parameter).to_vector<double>());
  return result;
}
}  // namespace

TEST_SUITE("nn") {
  TEST_CASE("a U-Net whose blocks are recomputed has the same loss to the bit, the same draws and gradients, in less memory") {
    const Step plain = step(false), recomputed = step(true);
    CHECK(plain.values[0] == recomputed.values[0]);
    double error = 0, largest = 0;
    for (size_t i = 0; i < plain.values.size(); ++i)
      for (size_t k = 0; k < plain.values[i].size(); ++k) {
        error = std::max(error, std::abs(plain.values[i][k] - recomputed.values[i][k]));
        largest = std::max(largest, std::abs(plain.values[i][k]));
      }
    CHECK(error < 1e-6 * largest);  // what arrives at a block's input is summed inside first
    CHECK(plain.draws == recomputed.draws);
    INFO(plain.peak, " bytes, recomputed ", recomputed.peak);
    if (!std::getenv("ITO_DEBUG_MEMORY")) CHECK(recomputed.peak < 0.75 * double(plain.peak));  // there, nothing is counted
  }
}
