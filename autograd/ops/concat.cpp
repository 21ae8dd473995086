// y = [x_1 | x_2 | ...]   dx_i = the part of dy where x_i went
#include "autograd/ops/concat.h"

#include "autograd/op.h"
#include "autograd/ops/reshape.h"
#include "autograd/ops/slice.h"
#include "autograd/ops/strided.h"

namespace ito {

namespace {
struct Concat : OpNamed<"concat"> {
  int axis;
  std::vector<int64_t> extents;
  explicit Concat(int a) : axis(a) {}

  Tensor forward(const Tensors& in) override {
    const size_t i = size_t(axis);
    int64_t total = 0;
    for (const Tensor& part : in) {
      extents.push_back(part.shape()[i]);
      total += extents.back();
    }
    Tensor y = Tensor::empty(in[0].shape().with(axis, total), in[0].dtype(), in[0].device());
    Region region = whole_region(y.shape());
    for (size_t k = 0; k < in.size(); ++k) {
      region.walk.axes[i].extent = extents[k];
      copy_into_region(in[k], y, region);
      region.first += extents[k] * region.walk.axes[i].stride;
    }
    return y;
  }

  Tensors backward(const Tensor& dy) override {
    Tensors parts;
    int64_t first = 0;
    for (size_t k = 0; k < extents.size(); ++k) {
      parts.push_back(needs_gradient(k) ? slice(dy, axis, first, first + extents[k]) : Tensor());
      first += extents[k];
    }
    return parts;
  }
};
}  // namespace

Tensor concat(const Tensors& parts, int axis) {
  ITO_CHECK(!parts.empty(), "[concat] nothing to join");
  const int i = normal_axis("concat", axis, parts[0].shape());
  for (const Tensor& part : parts)
    ITO_CHECK(part.dtype() == parts[0].dtype() && part.rank() == parts[0].rank() && part.shape().without(i) == parts[0].shape().without(i),
              "[concat] ", part.dtype(), " ", part.shape(), " does not fit ", parts[0].dtype(), " ", parts[0].shape(), " along axis ", axis);
  return parts.size() == 1 ? parts[0] : ito::apply(std::make_shared<Concat>(i), parts);
}

Tensor stack(const Tensors& parts, int axis) {
  ITO_CHECK(!parts.empty(), "[stack] nothing to stack");
  Tensors unsqueezed;
  for (const Tensor& part : parts) unsqueezed.push_back(unsqueeze(part, axis));
  return concat(unsqueezed, axis);
}

Tensor pad(const Tensor& x, const std::vector<Padding>& padding, double value) {
  ITO_CHECK(int(padding.size()) == x.rank(), "[pad] expected one padding for each axis of shape ", x.shape(), ", got ", padding.size());
  Shape shape = x.shape();
  for (size_t i = 0; i < padding.size(); ++i) {
    ITO_CHECK(padding[i].before >= 0 && padding[i].after >= 0, "[pad] a padding is negative; slice() cuts");
    shape[i] += padding[i].before + padding[i].after;
  }
  Region region = whole_region(shape);
  for (size_t i = 0; i < padding.size(); ++i) {
    region.first += padding[i].before * region.walk.axes[i].stride;
    region.walk.axes[i].extent = x.shape()[i];
  }
  return write_region(x, region, shape, value);
}

}  // namespace ito
