#include "bench/kernels/peaks.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "kernels/cuda/runtime.h"
#include "kernels/parallel.h"
#include "kernels/peak/multiply_adds.h"
#include "kernels/strided/strided.h"
#include "tensor/tensor.h"

namespace ito::bench {

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Of f32 in registers, on enough chains for every lane of the device.
double multiply_add_peak(Device device) {
  const int64_t chains = device == Device::cpu ? kernels::num_threads() * 256 : int64_t{1} << 20, rounds = device == Device::cpu ? 200000 : 20000;
  const Tensor y = Tensor::zeros({chains}, DType::f32, device);
  const double time = seconds_of([&] { kernels::MultiplyAdds<float>::on(device)(y.data<float>(), chains, 0.999f, rounds); });
  return kernels::multiply_adds_work(chains, rounds, 4).flops / time;
}

// Of a copy, read and written, between two buffers as large as those of the benches.
double copy_peak(Device device) {
  const int64_t n = int64_t{1} << 22;
  const Tensor from = Tensor::ones({n}, DType::f32, device), to = Tensor::ones({n}, DType::f32, device);
  const kernels::Walk walk{{{n, 1}}};
  const double time = seconds_of([&] { kernels::StridedRead<float>::on(device)(from.data<float>(), to.data<float>(), walk); });
  return 2.0 * double(from.bytes()) / time;
}

}  // namespace

double seconds_of(const std::function<void()>& run) {
  double best = INFINITY, total = 0;
  for (int i = 0; i < 20 && (i < 3 || total < 0.5); ++i) {
    cuda::synchronize();
    const double start = now();
    run();
    cuda::synchronize();
    best = std::min(best, now() - start);
    total += now() - start;
  }
  return best;
}

Peaks measured_peaks(Device device) { return {copy_peak(device), multiply_add_peak(device)}; }

}  // namespace ito::bench
