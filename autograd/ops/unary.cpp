// y = f(x), elementwise. One node type for all of them; the table of rules below has f' in differentiable ops.
#include "autograd/ops/unary.h"

#include <array>
#include <numbers>

#include "autograd/graph.h"
#include "autograd/op.h"
#include "autograd/ops/arithmetic.h"
#include "kernels/binary/binary.h"
#include "kernels/unary/unary.h"

namespace ito {

namespace {

using kernels::DerivativeNeeds;
using kernels::UnaryKind;

constexpr std::array<const char*, kernels::unary_kinds> names{"neg",        "abs",    "sign", "exp",  "log",  "sqrt",  "rsqrt",
                                                              "reciprocal", "square", "sin",  "cos",  "tanh", "erf",   "sigmoid",
                                                              "softplus",   "relu",   "silu", "gelu", "elu",  "floor", "round"};

[[maybe_unused]] const bool listed = [] {
  for (const char* name : names) add_op(name);
  return true;
}();

// Phi(x), the distribution function of N(0, 1).
Tensor normal_cdf(const Tensor& x) { return (erf(x * (1 / std::numbers::sqrt2)) + 1.0) * 0.5; }
Tensor normal_density(const Tensor& x) { return exp(square(x) * -0.5) * (std::numbers::inv_sqrtpi / std::numbers::sqrt2); }

// f'(x) in differentiable ops.
Tensor derivative(UnaryKind kind, const Tensor& x, const Tensor& y) {
  switch (kind) {
    case UnaryKind::abs:
      return sign(x);
    case UnaryKind::exp:
      return y;
    case UnaryKind::log:
      return reciprocal(x);
    case UnaryKind::sqrt:
      return 0.5 / y;
    case UnaryKind::rsqrt:
      return y * y * y * -0.5;
    case UnaryKind::reciprocal:
      return -(y * y);
    case UnaryKind::square:
      return x * 2.0;
    case UnaryKind::sin:
      return cos(x);
    case UnaryKind::cos:
      return -sin(x);
    case UnaryKind::tanh:
      return 1.0 - y * y;
    case UnaryKind::erf:
      return exp(-square(x)) * (2 * std::numbers::inv_sqrtpi);
    case UnaryKind::sigmoid:
      return y * (1.0 - y);
    case UnaryKind::softplus:
      return sigmoid(x);
    case UnaryKind::relu:
      return sign(y);  // y >= 0: 1 where it is positive
    case UnaryKind::elu:
      return 1.0 - relu(-y);  // y + 1 = exp(x) where y is negative
    case UnaryKind::silu: {
      const Tensor s = sigmoid(x);
      return s * (x * (1.0 - s) + 1.0);
    }
    case UnaryKind::gelu:
      return normal_cdf(x) + x * normal_density(x);
    default:
      fail("[", names[size_t(kind)], "] has no rule");
  }
}

struct Unary : Op {
  UnaryKind kind;
  Saved x{*this}, y{*this};  // the one that the derivative is written in

  explicit Unary(UnaryKind k) : kind(k) {}
  const char* name() const override { return names[size_t(kind)]; }

  Tensor forward(const Tensors& in) override {
    Tensor out = Tensor::empty_like(in[0]);
    dispatch<float, double, bfloat16>(out.dtype(), name(),
                                      [&]<class T>() { kernels::Unary<T>::on(out.device())(kind, in[0].data<T>(), out.data<T>(), out.numel()); });
    if (derivative_needs(kind) == DerivativeNeeds::input) x.save(in[0]);
    if (derivative_needs(kind) == DerivativeNeeds::output) y.save_output(out);
    return out;
  }

  Tensors backward(const Tensor& dy) override {
    if (is_constant()) return {constant_gradient(dy)};
    const Tensor input = x, output = y;
    Tensor dx = Tensor::empty_like(dy);
    dispatch<float, double, bfloat16>(dy.dtype(), name(), [&]<class T>() {
      const T* in = input.defined() ? input.data<T>() : nullptr;
      const T* out = output.defined() ? output.data<T>() : nullptr;
      kernels::UnaryBackward<T>::on(dy.device())(kind, in, out, dy.data<T>(), dx.data<T>(), dx.numel());
    });
    return {dx};
  }

  Tensors backward_composed(const Tensor& dy) override {
    if (is_constant()) return {constant_gradient(dy)};
    return {dy * derivative(kind, x, y)};
  }

 private:
  bool is_constant() const { return derivative_needs(kind) == DerivativeNeeds::nothing; }
  // -dy for a negation, zero for step functions.
  Tensor constant_gradient(const Tensor& dy) const { return kind == UnaryKind::neg ? -dy : Tensor(); }
};

struct Clamp : OpNamed<"clamp"> {
  double low, high;
  Saved x{*this};
  Clamp(double lo, double hi) : low(lo), high(hi) {}

  Tensor forward(const Tensors& in) override {
    x.save(in[0]);
    Tensor y = Tensor::empty_like(in[0]);
    dispatch<float, double, bfloat16>(y.dtype(), name(),
                                      [&]<class T>() { kernels::Clamp<T>::on(y.device())(in[0].data<T>(), y.data<T>(), y.numel(), low, high); });
    return y;
  }

  Tensors backward(const Tensor& dy) override { return {masked(dy)}; }
  // The mask is a constant of the gradient: dx = dy * mask.
  Tensors backward_composed(const Tensor& dy) override {
    const Tensor mask = masked(Tensor::ones(dy.shape(), dy.dtype(), dy.device()));
    return {dy * mask};
  }

 private:
  Tensor masked(const Tensor& dy) {
    const Tensor input = x;
    Tensor dx = Tensor::empty_like(dy);
    dispatch<float, double, bfloat16>(dy.dtype(), name(), [&]<class T>() {
      kernels::ClampBackward<T>::on(dy.device())(input.data<T>(), dy.data<T>(), dx.data<T>(), dx.numel(), low, high);
    });
    return dx;
  }
};

Tensor unary(UnaryKind kind, const Tensor& x) { return apply(std::make_shared<Unary>(kind), {x}); }

}  // namespace

Tensor neg(const Tensor& x) { return unary(UnaryKind::neg, x); }
Tensor abs(const Tensor& x) { return unary(UnaryKind::abs, x); }
Tensor sign(const Tensor& x) { return unary(UnaryKind::sign, x); }
Tensor exp(const Tensor& x) { return unary(UnaryKind::exp, x); }
Tensor log(const Tensor& x) { return unary(UnaryKind::log, x); }
Tensor sqrt(const Tensor& x) { return unary(UnaryKind::sqrt, x); }
Tensor rsqrt(const Tensor& x) { return unary(UnaryKind::rsqrt, x); }
Tensor reciprocal(const Tensor& x) { return unary(UnaryKind::reciprocal, x); }
Tensor square(const Tensor& x) { return unary(UnaryKind::square, x); }
Tensor sin(const Tensor& x) { return unary(UnaryKind::sin, x); }
Tensor cos(const Tensor& x) { return unary(UnaryKind::cos, x); }
Tensor tanh(const Tensor& x) { return unary(UnaryKind::tanh, x); }
Tensor erf(const Tensor& x) { return unary(UnaryKind::erf, x); }
Tensor sigmoid(const Tensor& x) { return unary(UnaryKind::sigmoid, x); }
Tensor softplus(const Tensor& x) { return unary(UnaryKind::softplus, x); }
Tensor relu(const Tensor& x) { return unary(UnaryKind::relu, x); }
Tensor silu(const Tensor& x) { return unary(UnaryKind::silu, x); }
Tensor gelu(const Tensor& x) { return unary(UnaryKind::gelu, x); }
Tensor elu(const Tensor& x) { return unary(UnaryKind::elu, x); }
Tensor floor(const Tensor& x) { return unary(UnaryKind::floor, x); }
Tensor round(const Tensor& x) { return unary(UnaryKind::round, x); }

Tensor clamp(const Tensor& x, double low, double high) {
  ITO_CHECK(low <= high, "[clamp] low ", low, " is above high ", high);
  return apply(std::make_shared<Clamp>(low, high), {x});
}

}  // namespace ito
