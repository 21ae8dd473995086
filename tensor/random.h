// Random tensors. Element i of a draw depends on (seed, stream, call, i) only: not on the number of threads, and not on how the
// draw is split, so image k of a batch is the same picture whether drawn alone or among 512.
#pragma once

#include "tensor/tensor.h"

namespace ito {

// The whole state of a source of random numbers; save these three numbers to continue it later.
struct Generator {
  uint64_t seed = 0;
  uint32_t stream = 0;  // independent sources under one seed: initialisation, noise, dropout, ...
  uint32_t call = 0;    // grows by one with every draw
};

// Each takes the next call number of `generator`. Floating types only, except for randint and permutation (i64).
Tensor uniform(const Shape& shape, Generator& generator, double low = 0, double high = 1, DType dtype = DType::f32,
               Device device = Device::cpu);                                                                       // in [low, high)
Tensor normal(const Shape& shape, Generator& generator, DType dtype = DType::f32, Device device = Device::cpu);    // N(0, 1)
Tensor randint(const Shape& shape, int64_t low, int64_t high, Generator& generator, Device device = Device::cpu);  // low ... high-1
Tensor permutation(int64_t n, Generator& generator);                                                               // of 0 ... n-1

// Elements first_element, first_element+1, ... of the draw that `key` stands for; key is not advanced.
Tensor uniform_from(const Shape& shape, const Generator& key, int64_t first_element, double low = 0, double high = 1, DType dtype = DType::f32,
                    Device device = Device::cpu);
Tensor normal_from(const Shape& shape, const Generator& key, int64_t first_element, DType dtype = DType::f32, Device device = Device::cpu);
Tensor randint_from(const Shape& shape, int64_t low, int64_t high, const Generator& key, int64_t first_element, Device device = Device::cpu);

}  // namespace ito
