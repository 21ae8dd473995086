#include "autograd/ops/dropout.h"

#include "autograd/op.h"
#include "kernels/dropout/dropout.h"

namespace ito {

namespace {
struct Dropout : OpNamed<"dropout"> {
  double p;
  kernels::RandomKey key;
  Dropout(double probability, kernels::RandomKey k) : p(probability), key(k) {}

  Tensor forward(const Tensors& in) override {
    Tensor y = Tensor::empty_like(in[0]);
    dispatch<float, double, bfloat16>(y.dtype(), name(),
                                      [&]<class T>() { kernels::Dropout<T>::on(y.device())(in[0].data<T>(), y.data<T>(), y.numel(), p, key); });
    return y;
  }
  Tensors backward(const Tensor& dy) override { return {apply(std::make_shared<Dropout>(p, key), {dy})}; }
};
}  // namespace

Tensor dropout(const Tensor& x, double p, Generator& generator) {
  ITO_CHECK(p >= 0 && p < 1, "[dropout] expected 0 <= p < 1, got ", p);
  const kernels::RandomKey key{generator.seed, generator.stream, generator.call++};
  return p == 0 ? x : apply(std::make_shared<Dropout>(p, key), {x});
}

}  // namespace ito
