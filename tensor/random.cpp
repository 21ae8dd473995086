#include "tensor/random.h"

#include <limits>
#include <numeric>

#include "kernels/random/random.h"

namespace ito {

namespace {
kernels::RandomKey key_of(const Generator& g) { return {g.seed, g.stream, g.call}; }
}  // namespace

Tensor uniform_from(const Shape& shape, const Generator& key, int64_t first_element, double low, double high, DType dtype, Device device) {
  Tensor y = Tensor::empty(shape, dtype, device);
  dispatch<float, double, bfloat16>(
      dtype, "uniform", [&]<class T>() { kernels::Uniform<T>::on(y.device())(y.data<T>(), y.numel(), key_of(key), first_element, low, high); });
  return y;
}

Tensor normal_from(const Shape& shape, const Generator& key, int64_t first_element, DType dtype, Device device) {
  Tensor y = Tensor::empty(shape, dtype, device);
  dispatch<float, double, bfloat16>(dtype, "normal",
                                    [&]<class T>() { kernels::Normal<T>::on(y.device())(y.data<T>(), y.numel(), key_of(key), first_element); });
  return y;
}

Tensor randint_from(const Shape& shape, int64_t low, int64_t high, const Generator& key, int64_t first_element, Device device) {
  ITO_CHECK(low < high && uint64_t(high) - uint64_t(low) <= std::numeric_limits<uint32_t>::max(), "[randint] expected low < high < low + 2^32, got ",
            low, " and ", high);
  Tensor y = Tensor::empty(shape, DType::i64, device);
  kernels::Randint<int64_t>::on(y.device())(y.data<int64_t>(), y.numel(), key_of(key), first_element, low, high);
  return y;
}

Tensor uniform(const Shape& shape, Generator& generator, double low, double high, DType dtype, Device device) {
  Tensor y = uniform_from(shape, generator, 0, low, high, dtype, device);
  ++generator.call;
  return y;
}

Tensor normal(const Shape& shape, Generator& generator, DType dtype, Device device) {
  Tensor y = normal_from(shape, generator, 0, dtype, device);
  ++generator.call;
  return y;
}

Tensor randint(const Shape& shape, int64_t low, int64_t high, Generator& generator, Device device) {
  Tensor y = randint_from(shape, low, high, generator, 0, device);
  ++generator.call;
  return y;
}

// Fisher & Yates, from the end: element i changes places with one of 0 ... i.
Tensor permutation(int64_t n, Generator& generator) {
  Tensor y = Tensor::arange(n);
  int64_t* p = y.data<int64_t>();
  for (int64_t i = n - 1; i > 0; --i) {
    const int64_t j = randint_from({1}, 0, i + 1, generator, i).data<int64_t>()[0];
    std::swap(p[i], p[j]);
  }
  ++generator.call;
  return y;
}

}  // namespace ito
