// How fast this machine runs Ito: matrix products and convolutions against the peak, and the digits network in images a second.
//   ito_bench [cpu | cuda]
// Each figure is the median of seven runs after one that is not counted.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>

#include "ito.h"
#include "kernels/cuda/runtime.h"
#include "kernels/parallel.h"

using namespace ito;

namespace {

Device device = Device::cpu;

Tensor random(const Shape& shape, Generator& g) { return normal(shape, g).to(device); }

double once(const std::function<void()>& work) {
  if (device == Device::cuda) return cuda::seconds(work);
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double seconds(const std::function<void()>& work) {
  work();
  std::vector<double> times;
  for (int run = 0; run < 7; ++run) times.push_back(once(work));
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

void bench_matmul(int64_t n, Generator& g) {
  const NoGrad guard;
  const Tensor a = random({n, n}, g), b = random({n, n}, g);
  const double time = seconds([&] { matmul(a, b); });
  std::printf("matmul %4ld x %4ld x %4ld                        %7.1f GFLOP/s\n", long(n), long(n), long(n), 2 * double(n * n * n) / time / 1e9);
}

void bench_conv2d(int64_t channels, int64_t size, Generator& g) {
  const int64_t images = 16;
  const Tensor x = variable(random({images, size, size, channels}, g)), w = variable(random({channels, 3, 3, channels}, g) * 0.05);
  const Tensor dy = random(x.shape(), g);
  const double flops = 2.0 * 9 * double(images * size * size * channels * channels);
  const double forward = seconds([&] {
    const NoGrad guard;
    conv2d(x, w, {}, {.padding = 1});
  });
  const double both = seconds([&] { grad(conv2d(x, w, {}, {.padding = 1}), {x, w}, {.grad_output = dy}); });
  std::printf("conv2d 3x3, %3ld channels, %2ldx%2ld, forward          %7.1f GFLOP/s\n", long(channels), long(size), long(size),
              flops / forward / 1e9);
  std::printf("conv2d 3x3, %3ld channels, %2ldx%2ld, with gradients   %7.1f GFLOP/s\n", long(channels), long(size), long(size),
              3 * flops / both / 1e9);
}

void bench_digits(Generator& g) {
  const int64_t batch = 64;
  DiffusionModel model(UNetOptions{.base = 32, .multipliers = {1, 2}, .classes = 10, .patch = 2}, {}, 0);
  model.network().to(device);
  const NamedTensors parameters = model.network().parameters();
  Adam adam(parameters);
  const Tensor x = random({batch, 28, 28, 1}, g), labels = Tensor::zeros({batch}, DType::i64, device);
  const double training = seconds([&] {
    clear_gradients(parameters);
    backward(model.loss(x, labels, 0));
    adam.step({});
  });
  const double forward = seconds([&] {
    const NoGrad guard;
    model.loss(x, labels, 0);
  });
  std::printf("digits U-Net, batch 64, training                  %7.1f images/s\n", double(batch) / training);
  std::printf("digits U-Net, batch 64, forward                   %7.1f images/s\n", double(batch) / forward);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc > 1) device = device_named(argv[1]);
  ITO_CHECK(device == Device::cpu || !cuda::emulated(), "ito_bench: the time that an emulated device takes says nothing about a GPU");
  std::printf("%s, f32\n", device == Device::cpu ? text(kernels::num_threads(), " threads").c_str() : cuda::device_name().c_str());
  Generator g{.seed = 1};
  for (const int64_t n : {256, 1024}) bench_matmul(n, g);
  for (const int64_t channels : {32, 64, 128}) bench_conv2d(channels, 1024 / channels, g);
  bench_digits(g);
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
