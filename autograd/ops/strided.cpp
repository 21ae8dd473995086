// <read(x), g> = <x, write(g)>: the gradient of a read is a write into zeros, that of a write a read.
#include "autograd/ops/strided.h"

#include "autograd/op.h"

namespace ito {

namespace {

template <class F>
void for_any_type(const Tensor& x, const char* op, F&& f) {
  dispatch<float, double, bfloat16, int64_t, int32_t, uint8_t, bool>(x.dtype(), op, std::forward<F>(f));
}

Shape extents(const Region& region) {
  Shape shape;
  for (const auto& axis : region.walk.axes) shape.push_back(axis.extent);
  return shape;
}

struct ReadRegion : OpNamed<"read_region"> {
  Region region;
  Shape whole;
  explicit ReadRegion(Region r) : region(std::move(r)) {}

  Tensor forward(const Tensors& in) override {
    whole = in[0].shape();
    Tensor y = Tensor::empty(extents(region), in[0].dtype(), in[0].device());
    for_any_type(y, name(), [&]<class T>() { kernels::StridedRead<T>::on(y.device())(in[0].data<T>() + region.first, y.data<T>(), region.walk); });
    return y;
  }
  Tensors backward(const Tensor& dy) override { return {write_region(dy, region, whole)}; }
};

struct WriteRegion : OpNamed<"write_region"> {
  Region region;
  Shape whole;
  double value;
  WriteRegion(Region r, Shape w, double v) : region(std::move(r)), whole(std::move(w)), value(v) {}

  Tensor forward(const Tensors& in) override {
    Tensor y = Tensor::full(whole, value, in[0].dtype(), in[0].device());
    copy_into_region(in[0], y, region);
    return y;
  }
  Tensors backward(const Tensor& dy) override { return {read_region(dy, region)}; }
};

}  // namespace

std::vector<int64_t> dense_strides(const Shape& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

Region whole_region(const Shape& whole) {
  Region region;
  const std::vector<int64_t> strides = dense_strides(whole);
  for (size_t i = 0; i < whole.size(); ++i) region.walk.axes.push_back({whole[i], strides[i]});
  return region;
}

void copy_into_region(const Tensor& x, const Tensor& y, const Region& region) {
  for_any_type(y, "copy", [&]<class T>() { kernels::StridedWrite<T>::on(y.device())(x.data<T>(), y.data<T>() + region.first, region.walk); });
}

Tensor read_region(const Tensor& x, const Region& region) { return apply(std::make_shared<ReadRegion>(region), {x}); }
Tensor write_region(const Tensor& x, const Region& region, const Shape& whole, double value) {
  return apply(std::make_shared<WriteRegion>(region, whole, value), {x});
}

}  // namespace ito
