// y = f(a, b), broadcast. The engine sums the gradients over the stretched axes.
#include "autograd/ops/arithmetic.h"

#include "autograd/graph.h"
#include "autograd/op.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/unary.h"
#include "kernels/binary/binary.h"

namespace ito {

namespace {

using kernels::BinaryKind;

Tensor run(const char* op, BinaryKind kind, const Tensor& a, const Tensor& b) {
  ITO_CHECK(a.dtype() == b.dtype(), "[", op, "] operands are ", a.dtype(), " and ", b.dtype(), "; cast one of them");
  Tensor y = Tensor::empty(broadcast_shape(op, a.shape(), b.shape()), a.dtype(), a.device());
  const auto space = kernels::Broadcast::of(a.shape(), b.shape(), y.shape());
  dispatch<float, double, bfloat16>(a.dtype(), op,
                                    [&]<class T>() { kernels::Binary<T>::on(a.device())(kind, a.data<T>(), b.data<T>(), y.data<T>(), space); });
  return y;
}

struct Add : OpNamed<"add"> {
  Tensor forward(const Tensors& in) override { return run(name(), BinaryKind::add, in[0], in[1]); }
  Tensors backward(const Tensor& dy) override { return {dy, dy}; }
};

struct Sub : OpNamed<"sub"> {
  Tensor forward(const Tensors& in) override { return run(name(), BinaryKind::sub, in[0], in[1]); }
  Tensors backward(const Tensor& dy) override { return {dy, needs_gradient(1) ? -dy : Tensor()}; }
};

struct Mul : OpNamed<"mul"> {
  Saved a{*this}, b{*this};  // each only when the other's gradient is wanted
  Tensor forward(const Tensors& in) override {
    if (needs_gradient(1)) a.save(in[0]);
    if (needs_gradient(0)) b.save(in[1]);
    return run(name(), BinaryKind::mul, in[0], in[1]);
  }
  Tensors backward(const Tensor& dy) override { return {needs_gradient(0) ? dy * b : Tensor(), needs_gradient(1) ? dy * a : Tensor()}; }
};

struct Div : OpNamed<"div"> {
  Saved y{*this}, b{*this};
  Tensor forward(const Tensors& in) override {
    b.save(in[1]);
    return y.save_output(run(name(), BinaryKind::div, in[0], in[1]));
  }
  Tensors backward(const Tensor& dy) override {
    const Tensor da = dy / b;
    return {da, needs_gradient(1) ? -(da * y) : Tensor()};
  }
};

// d a^b = b a^(b-1) da + a^b ln(a) db; the second term needs a > 0.
struct Pow : OpNamed<"pow"> {
  Saved a{*this}, b{*this}, y{*this};
  Tensor forward(const Tensors& in) override {
    a.save(in[0]);
    b.save(in[1]);
    return y.save_output(run(name(), BinaryKind::pow, in[0], in[1]));
  }
  Tensors backward(const Tensor& dy) override {
    const Tensor exponent = b;
    return {needs_gradient(0) ? dy * exponent * pow(a, exponent - 1.0) : Tensor(), needs_gradient(1) ? dy * y * log(a) : Tensor()};
  }
};

// Splits dy between the larger operand and the smaller one, half to each on a tie: the shares are constants of the gradient.
struct Shares {
  Tensor first, second;
};
Shares share_of_larger(const char* op, const Tensor& a, const Tensor& b) {
  const NoGrad constants;
  const Tensor first = run(op, BinaryKind::is_greater, a, b) + run(op, BinaryKind::is_equal, a, b) * 0.5;
  return {first, 1.0 - first};
}

struct Maximum : OpNamed<"maximum"> {
  Saved a{*this}, b{*this};
  Tensor forward(const Tensors& in) override {
    a.save(in[0]);
    b.save(in[1]);
    return run(name(), BinaryKind::maximum, in[0], in[1]);
  }
  Tensors backward(const Tensor& dy) override {
    const Shares larger = share_of_larger(name(), a, b);
    return {dy * larger.first, dy * larger.second};
  }
};

struct Minimum : OpNamed<"minimum"> {
  Saved a{*this}, b{*this};
  Tensor forward(const Tensors& in) override {
    a.save(in[0]);
    b.save(in[1]);
    return run(name(), BinaryKind::minimum, in[0], in[1]);
  }
  Tensors backward(const Tensor& dy) override {
    const Shares larger = share_of_larger(name(), a, b);
    return {dy * larger.second, dy * larger.first};
  }
};

// Repeats x: y = f(x, x[0]) over the larger shape, with f(a, b) = a.
struct BroadcastTo : OpNamed<"broadcast_to"> {
  Shape shape;
  explicit BroadcastTo(Shape to) : shape(std::move(to)) {}
  Tensor forward(const Tensors& in) override {
    ITO_CHECK(broadcast_shape(name(), in[0].shape(), shape) == shape, "[broadcast_to] shape ", in[0].shape(), " does not stretch to ", shape);
    Tensor y = Tensor::empty(shape, in[0].dtype(), in[0].device());
    const auto space = kernels::Broadcast::of(in[0].shape(), {}, shape);
    dispatch<float, double, bfloat16>(y.dtype(), name(), [&]<class T>() {
      kernels::Binary<T>::on(y.device())(BinaryKind::left, in[0].data<T>(), in[0].data<T>(), y.data<T>(), space);
    });
    return y;
  }
  Tensors backward(const Tensor& dy) override { return {dy}; }  // the engine sums over the stretched axes
};

}  // namespace

Tensor add(const Tensor& a, const Tensor& b) { return apply(std::make_shared<Add>(), {a, b}); }
Tensor sub(const Tensor& a, const Tensor& b) { return apply(std::make_shared<Sub>(), {a, b}); }
Tensor mul(const Tensor& a, const Tensor& b) { return apply(std::make_shared<Mul>(), {a, b}); }
Tensor div(const Tensor& a, const Tensor& b) { return apply(std::make_shared<Div>(), {a, b}); }
Tensor pow(const Tensor& a, const Tensor& b) { return apply(std::make_shared<Pow>(), {a, b}); }
Tensor pow(const Tensor& a, double exponent) { return pow(a, Tensor::scalar(exponent, a.dtype(), a.device())); }
Tensor maximum(const Tensor& a, const Tensor& b) { return apply(std::make_shared<Maximum>(), {a, b}); }
Tensor minimum(const Tensor& a, const Tensor& b) { return apply(std::make_shared<Minimum>(), {a, b}); }
Tensor broadcast_to(const Tensor& x, const Shape& shape) { return x.shape() == shape ? x : apply(std::make_shared<BroadcastTo>(shape), {x}); }

}  // namespace ito
