#include "autograd/ops/bias_activation.h"

#include "autograd/composed.h"
#include "autograd/op.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/unary.h"
#include "kernels/bias_activation/bias_activation.h"

namespace ito {

namespace {

using kernels::UnaryKind;
using Activation = Tensor (*)(const Tensor&);

struct BiasActivation : OpNamed<"bias_activation"> {
  UnaryKind kind;
  Activation f;  // the same as an op of its own
  Saved x{*this}, bias{*this};
  BiasActivation(UnaryKind k, Activation function) : kind(k), f(function) {}

  Tensor forward(const Tensors& in) override {
    x.save(in[0]);
    bias.save(in[1]);
    Tensor y = Tensor::empty_like(in[0]);
    const int64_t cols = in[1].numel();
    dispatch<float, double, bfloat16>(y.dtype(), name(), [&]<class T>() {
      kernels::BiasActivation<T>::on(y.device())(kind, in[0].data<T>(), in[1].data<T>(), y.data<T>(), y.numel() / std::max<int64_t>(1, cols), cols);
    });
    return y;
  }

  // The engine sums the second over rows.
  Tensors backward(const Tensor& dy) override {
    const Tensor input = x, b = bias, dz = Tensor::empty_like(dy);
    const int64_t cols = b.numel();
    dispatch<float, double, bfloat16>(dy.dtype(), name(), [&]<class T>() {
      kernels::BiasActivationBackward<T>::on(dy.device())(kind, input.data<T>(), b.data<T>(), dy.data<T>(), dz.data<T>(),
                                                          dz.numel() / std::max<int64_t>(1, cols), cols);
    });
    return {dz, dz};
  }

  Tensors backward_composed(const Tensor& dy) override {
    return composed_gradient([g = f](const Tensors& in) { return g(in[0] + in[1]); }, {x, bias}, dy);
  }
};

Tensor run(const char* op, UnaryKind kind, Activation f, const Tensor& x, const Tensor& bias) {
  ITO_CHECK(x.rank() >= 1 && bias.shape() == Shape{x.extent(-1)} && bias.dtype() == x.dtype(), "[", op, "] expected x (..., C) and a bias (C), got ",
            x.dtype(), " ", x.shape(), " and ", bias.dtype(), " ", bias.shape());
  return apply(std::make_shared<BiasActivation>(kind, f), {x, bias});
}

}  // namespace

Tensor bias_relu(const Tensor& x, const Tensor& bias) { return run("bias_relu", UnaryKind::relu, &relu, x, bias); }
Tensor bias_silu(const Tensor& x, const Tensor& bias) { return run("bias_silu", UnaryKind::silu, &silu, x, bias); }
Tensor bias_gelu(const Tensor& x, const Tensor& bias) { return run("bias_gelu", UnaryKind::gelu, &gelu, x, bias); }
Tensor bias_tanh(const Tensor& x, const Tensor& bias) { return run("bias_tanh", UnaryKind::tanh, &tanh, x, bias); }
Tensor bias_sigmoid(const Tensor& x, const Tensor& bias) { return run("bias_sigmoid", UnaryKind::sigmoid, &sigmoid, x, bias); }

}  // namespace ito
