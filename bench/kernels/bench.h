// One timed call a kernel, for `ito kernels bench`: buffers of a usual size, the kernel's work by its own model, and the call.
//
//   ITO_BENCH(softmax_forward) {
//     const int64_t rows = s.large ? 4096 : 32, cols = s.large ? 1024 : 128;
//     const Tensor x = s.normal<T>({rows, cols}), y = s.empty<T>({rows, cols});
//     return {text(rows, " x ", cols), kernels::softmax_work(rows, cols, sizeof(T)),
//             [=] { kernels::SoftmaxForward<T>::on(x.device())(x.data<T>(), y.data<T>(), rows, cols); }};
//   }
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kernels/work.h"
#include "tensor/random.h"

namespace ito::bench {

// Where the buffers are, and whether they are as large as in practice (small ones are for the emulator).
struct Setup {
  Device device = Device::cpu;
  bool large = true;

  template <class T>
  Tensor normal(const Shape& shape) const {
    Generator g{.seed = 1};
    return ito::normal(shape, g).to(dtype_of<T>::value).to(device);
  }
  template <class T>
  Tensor empty(const Shape& shape) const {
    return Tensor::zeros(shape, dtype_of<T>::value, device);
  }
  Tensor indices(const Shape& shape, int64_t high) const {
    Generator g{.seed = 2};
    return randint(shape, 0, high, g).to(device);
  }
};

struct Call {
  std::string shape;  // for people
  kernels::Work work;
  std::function<void()> run;  // owns its buffers
};

struct Bench {
  const char* kernel;
  Call (*f32)(const Setup&);
  Call (*bf16)(const Setup&);
};
std::vector<Bench>& benches();
bool add_bench(const Bench& bench);

}  // namespace ito::bench

#define ITO_BENCH(kernel)                                                                                                            \
  template <class T>                                                                                                                 \
  static Call bench_##kernel(const Setup& s);                                                                                        \
  [[maybe_unused]] static const bool listed_##kernel = add_bench({#kernel, &bench_##kernel<float>, &bench_##kernel<ito::bfloat16>}); \
  template <class T>                                                                                                                 \
  static Call bench_##kernel([[maybe_unused]] const Setup& s)
