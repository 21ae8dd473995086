// Reading and adding at the same places are adjoint: each is the other's gradient.
#include "autograd/ops/index.h"

#include "autograd/op.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/reshape.h"
#include "kernels/index/index.h"

namespace ito {

namespace {

using Geometry = kernels::IndexShape;

// The axis and the number of indices along it.
struct Places {
  Tensor index;
  int axis;
  Shape whole;  // of the tensor that is read from or added to

  Geometry geometry() const {
    const int64_t count = index.rank() == 1 ? index.numel() : index.shape()[size_t(axis)];
    return {whole.product(0, axis), whole[size_t(axis)], whole.product(axis + 1, whole.rank()), count};
  }
  Shape part() const { return whole.with(axis, geometry().count); }
};

Tensor add_at(const Tensor& y, const Places& places);
Tensor add_slices(const Tensor& y, const Places& places);

struct Gather : OpNamed<"gather"> {
  Places places;
  explicit Gather(Places p) : places(std::move(p)) {}
  Tensor forward(const Tensors& in) override {
    Tensor y = Tensor::empty(places.part(), in[0].dtype(), in[0].device());
    dispatch<float, double, bfloat16>(y.dtype(), name(), [&]<class T>() {
      kernels::Gather<T>::on(y.device())(in[0].data<T>(), places.index.data<int64_t>(), y.data<T>(), places.geometry());
    });
    return y;
  }
  Tensors backward(const Tensor& dy) override { return {add_at(dy, places)}; }
};

struct ScatterAdd : OpNamed<"scatter_add"> {
  Places places;
  explicit ScatterAdd(Places p) : places(std::move(p)) {}
  Tensor forward(const Tensors& in) override {
    Tensor x = Tensor::zeros(places.whole, in[0].dtype(), in[0].device());
    dispatch<float, double, bfloat16>(x.dtype(), name(), [&]<class T>() {
      kernels::ScatterAdd<T>::on(x.device())(in[0].data<T>(), places.index.data<int64_t>(), x.data<T>(), places.geometry());
    });
    return x;
  }
  Tensors backward(const Tensor& dx) override { return {gather(dx, places.axis, places.index)}; }
};

struct IndexSelect : OpNamed<"index_select"> {
  Places places;
  explicit IndexSelect(Places p) : places(std::move(p)) {}
  Tensor forward(const Tensors& in) override {
    Tensor y = Tensor::empty(places.part(), in[0].dtype(), in[0].device());
    dispatch<float, double, bfloat16>(y.dtype(), name(), [&]<class T>() {
      kernels::IndexSelect<T>::on(y.device())(in[0].data<T>(), places.index.data<int64_t>(), y.data<T>(), places.geometry());
    });
    return y;
  }
  Tensors backward(const Tensor& dy) override { return {add_slices(dy, places)}; }
};

struct IndexAdd : OpNamed<"index_add"> {
  Places places;
  explicit IndexAdd(Places p) : places(std::move(p)) {}
  Tensor forward(const Tensors& in) override {
    Tensor x = Tensor::zeros(places.whole, in[0].dtype(), in[0].device());
    dispatch<float, double, bfloat16>(x.dtype(), name(), [&]<class T>() {
      kernels::IndexAdd<T>::on(x.device())(in[0].data<T>(), places.index.data<int64_t>(), x.data<T>(), places.geometry());
    });
    return x;
  }
  Tensors backward(const Tensor& dx) override { return {index_select(dx, places.axis, places.index)}; }
};

Tensor add_at(const Tensor& y, const Places& places) { return apply(std::make_shared<ScatterAdd>(places), {y}); }
Tensor add_slices(const Tensor& y, const Places& places) { return apply(std::make_shared<IndexAdd>(places), {y}); }

void check_range(const char* op, const Tensor& index, int64_t extent) {
  ITO_CHECK(index.dtype() == DType::i64, "[", op, "] the index must be i64, got ", index.dtype());
  const Tensor values = index.to(Device::cpu);
  for (int64_t i = 0; i < values.numel(); ++i) {
    const int64_t at = values.data<int64_t>()[i];
    ITO_CHECK(at >= 0 && at < extent, "[", op, "] index ", at, " is outside an axis of extent ", extent);
  }
}

Places checked_places(const char* op, const Tensor& x, int axis, const Tensor& index) {
  const int i = normal_axis(op, axis, x.shape());
  ITO_CHECK(index.rank() == x.rank() && index.shape().without(i) == x.shape().without(i), "[", op, "] an index ", index.shape(),
            " does not fit axis ", axis, " of shape ", x.shape());
  check_range(op, index, x.shape()[size_t(i)]);
  return {index, i, x.shape()};
}

}  // namespace

Tensor gather(const Tensor& x, int axis, const Tensor& index) {
  return apply(std::make_shared<Gather>(checked_places("gather", x, axis, index)), {x});
}

Tensor scatter_add(const Tensor& x, int axis, const Tensor& index, const Tensor& source) {
  const Places places = checked_places("scatter_add", x, axis, index);
  ITO_CHECK(source.shape() == index.shape(), "[scatter_add] source ", source.shape(), " and index ", index.shape(), " differ");
  return x + add_at(source, places);
}

Tensor index_select(const Tensor& x, int axis, const Tensor& index) {
  const int i = normal_axis("index_select", axis, x.shape());
  ITO_CHECK(index.rank() == 1, "[index_select] expected an index (K), got ", index.shape());
  check_range("index_select", index, x.shape()[size_t(i)]);
  return apply(std::make_shared<IndexSelect>(Places{index, i, x.shape()}), {x});
}

Tensor embedding(const Tensor& weight, const Tensor& index) {
  ITO_CHECK(weight.rank() == 2, "[embedding] expected a weight (V, D), got ", weight.shape());
  Shape shape = index.shape();
  shape.push_back(weight.extent(1));
  return reshape(index_select(weight, 0, index.view({index.numel()})), shape);
}

}  // namespace ito
