#include <cstdio>
#include <cstdlib>

#include "ito.h"
using namespace ito;

int main(int argc, char** argv) {
  const int64_t steps = argc > 1 ? std::atoll(argv[1]) : 400;
  Loader digits(load_dataset({.name = "mnist"}), {.batch = 32});
  DiffusionModel model(UNetOptions{.base = 32, .multipliers = {1, 2}, .patch = 2}, {.schedule = "cosine", .prediction = "v"}, /*seed=*/0);
  const NamedTensors parameters = model.network().parameters();
  Adam adam(parameters, {.beta2 = 0.99});
  for (int64_t step = 0; step < steps; ++step) {
    clear_gradients(parameters);
    const Tensor loss = model.loss(digits.at(step).images, {}, step);  // L_simple
    backward(loss);
    adam.step({.lr = 1e-3});
    if (step % 100 == 0) std::printf("step %3ld  loss %.3f\n", long(step), loss.item());
  }
  const Tensor images = sample(model.process(), model.denoiser({}, 0), {16, 28, 28, 1}, {.sampler = "ddim", .steps = 50});
  write_png("digits.png", image_grid(to_bytes(images)));
}
