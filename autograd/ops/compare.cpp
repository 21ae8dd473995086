#include "autograd/ops/compare.h"

#include "autograd/graph.h"
#include "autograd/op.h"
#include "autograd/ops/strided.h"
#include "kernels/compare/compare.h"

namespace ito {

namespace {

// x repeated to `shape`, as a plain dense tensor of any type: axes that are stretched are walked with stride 0.
Tensor repeated(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  const NoGrad guard;
  const std::vector<int64_t> strides = dense_strides(x.shape());
  const int lead = shape.rank() - x.rank();
  Region region;
  for (int i = 0; i < shape.rank(); ++i) {
    const bool stretched = i < lead || x.shape()[size_t(i - lead)] == 1;
    region.walk.axes.push_back({shape[size_t(i)], stretched ? 0 : strides[size_t(i - lead)]});
  }
  return read_region(x, region);
}

Tensor compare(const char* op, kernels::Comparison comparison, const Tensor& a, const Tensor& b) {
  ITO_CHECK(a.dtype() == b.dtype(), "[", op, "] ", a.dtype(), " against ", b.dtype(), "; cast one of them");
  const Shape shape = broadcast_shape(op, a.shape(), b.shape());
  ITO_CHECK(a.device() == b.device(), "[", op, "] one tensor is on ", name_of(a.device()), ", one on ", name_of(b.device()), "; move one with to()");
  const Tensor left = repeated(a, shape), right = repeated(b, shape);
  Tensor y = Tensor::empty(shape, DType::boolean, a.device());
  dispatch<float, double, bfloat16, int64_t, int32_t, uint8_t, bool>(
      a.dtype(), op, [&]<class T>() { kernels::Compare<T>::on(y.device())(comparison, left.data<T>(), right.data<T>(), y.data<bool>(), y.numel()); });
  return y;
}

struct Where : OpNamed<"where"> {
  Tensor condition;
  explicit Where(Tensor c) : condition(std::move(c)) {}

  Tensor forward(const Tensors& in) override {
    const Tensor a = repeated(in[0], condition.shape()), b = repeated(in[1], condition.shape());
    Tensor y = Tensor::empty(condition.shape(), a.dtype(), a.device());
    dispatch<float, double, bfloat16>(y.dtype(), name(), [&]<class T>() {
      kernels::Where<T>::on(y.device())(condition.data<bool>(), a.data<T>(), b.data<T>(), y.data<T>(), y.numel());
    });
    return y;
  }

  Tensors backward(const Tensor& dy) override {
    const Tensor zero = Tensor::scalar(0, dy.dtype(), dy.device());
    return {needs_gradient(0) ? where(condition, dy, zero) : Tensor(), needs_gradient(1) ? where(condition, zero, dy) : Tensor()};
  }
};

struct Cast : OpNamed<"cast"> {
  DType from, to;
  Cast(DType f, DType t) : from(f), to(t) {}
  Tensor forward(const Tensors& in) override { return in[0].to(to); }
  Tensors backward(const Tensor& dy) override { return {cast(dy, from)}; }
};

}  // namespace

Tensor equal(const Tensor& a, const Tensor& b) { return compare("equal", kernels::Comparison::equal, a, b); }
Tensor not_equal(const Tensor& a, const Tensor& b) { return compare("not_equal", kernels::Comparison::not_equal, a, b); }
Tensor less(const Tensor& a, const Tensor& b) { return compare("less", kernels::Comparison::less, a, b); }
Tensor less_equal(const Tensor& a, const Tensor& b) { return compare("less_equal", kernels::Comparison::less_equal, a, b); }
Tensor greater(const Tensor& a, const Tensor& b) { return compare("greater", kernels::Comparison::greater, a, b); }
Tensor greater_equal(const Tensor& a, const Tensor& b) { return compare("greater_equal", kernels::Comparison::greater_equal, a, b); }

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  ITO_CHECK(condition.dtype() == DType::boolean && a.dtype() == b.dtype(), "[where] expected a bool condition and two tensors of one type, got ",
            condition.dtype(), ", ", a.dtype(), ", ", b.dtype());
  const Shape shape = broadcast_shape("where", condition.shape(), broadcast_shape("where", a.shape(), b.shape()));
  return apply(std::make_shared<Where>(repeated(condition, shape)), {a, b});
}

Tensor cast(const Tensor& x, DType dtype) { return x.dtype() == dtype ? x : apply(std::make_shared<Cast>(x.dtype(), dtype), {x}); }

}  // namespace ito
