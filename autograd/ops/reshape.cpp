#include "autograd/ops/reshape.h"

#include "autograd/op.h"

namespace ito {

namespace {
struct Reshape : OpNamed<"reshape"> {
  Shape shape, before;
  explicit Reshape(Shape to) : shape(std::move(to)) {}
  Tensor forward(const Tensors& in) override {
    before = in[0].shape();
    return in[0].view(shape);
  }
  Tensors backward(const Tensor& dy) override { return {reshape(dy, before)}; }
};
}  // namespace

Tensor reshape(const Tensor& x, const Shape& shape) { return x.shape() == shape ? x : apply(std::make_shared<Reshape>(shape), {x}); }

Tensor unsqueeze(const Tensor& x, int axis) {
  const int rank = x.rank();
  ITO_CHECK(axis >= -rank - 1 && axis <= rank, "[unsqueeze] axis ", axis, " out of range for shape ", x.shape());
  Shape shape = x.shape();
  shape.insert(shape.begin() + (axis < 0 ? axis + rank + 1 : axis), 1);
  return reshape(x, shape);
}

Tensor squeeze(const Tensor& x, int axis) {
  const int i = normal_axis("squeeze", axis, x.shape());
  ITO_CHECK(x.shape()[size_t(i)] == 1, "[squeeze] axis ", axis, " of shape ", x.shape(), " has more than one element");
  return reshape(x, x.shape().without(i));
}

Tensor flatten(const Tensor& x, int first, int last) {
  const int a = normal_axis("flatten", first, x.shape()), b = normal_axis("flatten", last, x.shape());
  ITO_CHECK(a <= b, "[flatten] axes ", first, " to ", last, " of shape ", x.shape(), " are the wrong way round");
  Shape shape(x.shape().begin(), x.shape().begin() + a);
  shape.push_back(x.shape().product(a, b + 1));
  shape.insert(shape.end(), x.shape().begin() + b + 1, x.shape().end());
  return reshape(x, shape);
}

}  // namespace ito
