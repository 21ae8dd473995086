// y_i = sum_{j <= i} x_j      dx_j = sum_{i >= j} dy_i
#include "autograd/ops/cumsum.h"

#include "autograd/op.h"
#include "kernels/cumsum/cumsum.h"

namespace ito {

namespace {
struct Cumsum : OpNamed<"cumsum"> {
  kernels::CumsumShape s;
  explicit Cumsum(const kernels::CumsumShape& shape) : s(shape) {}

  Tensor forward(const Tensors& in) override {
    Tensor y = Tensor::empty_like(in[0]);
    dispatch<float, double, bfloat16>(y.dtype(), name(), [&]<class T>() { kernels::Cumsum<T>::on(y.device())(in[0].data<T>(), y.data<T>(), s); });
    return y;
  }
  Tensors backward(const Tensor& dy) override {
    kernels::CumsumShape reverse = s;
    reverse.backwards = !s.backwards;
    return {apply(std::make_shared<Cumsum>(reverse), {dy})};
  }
};
}  // namespace

Tensor cumsum(const Tensor& x, int axis) {
  const int i = normal_axis("cumsum", axis, x.shape());
  return apply(std::make_shared<Cumsum>(kernels::CumsumShape{x.shape().product(0, i), x.shape()[size_t(i)], x.shape().product(i + 1, x.rank())}),
               {x});
}

}  // namespace ito
