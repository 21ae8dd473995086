#include "autograd/ops/loss.h"

#include "autograd/composed.h"
#include "autograd/op.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/index.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/reshape.h"
#include "autograd/ops/softmax.h"
#include "kernels/loss/loss.h"

namespace ito {

namespace {

struct MseLoss : OpNamed<"mse_loss"> {
  Saved x{*this}, target{*this};

  Tensor forward(const Tensors& in) override {
    x.save(in[0]);
    target.save(in[1]);
    Tensor loss = Tensor::empty({}, in[0].dtype(), in[0].device());
    dispatch<float, double, bfloat16>(loss.dtype(), name(), [&]<class T>() {
      kernels::MseForward<T>::on(loss.device())(in[0].data<T>(), in[1].data<T>(), loss.data<T>(), in[0].numel());
    });
    return loss;
  }

  Tensors backward(const Tensor& dy) override {
    const Tensor a = x, b = target, dx = Tensor::empty_like(a);
    dispatch<float, double, bfloat16>(dx.dtype(), name(), [&]<class T>() {
      kernels::MseBackward<T>::on(dx.device())(a.data<T>(), b.data<T>(), dy.data<T>(), dx.data<T>(), dx.numel());
    });
    return {needs_gradient(0) ? dx : Tensor(), needs_gradient(1) ? dx * -1.0 : Tensor()};
  }

  Tensors backward_composed(const Tensor& dy) override {
    const Tensor a = x, dx = (a - target) * dy * (2 / double(a.numel()));
    return {dx, dx * -1.0};
  }
};

struct CrossEntropy : OpNamed<"cross_entropy"> {
  Saved logits{*this};
  Tensor label;
  explicit CrossEntropy(Tensor l) : label(std::move(l)) {}

  Tensor forward(const Tensors& in) override {
    logits.save(in[0]);
    Tensor loss = Tensor::empty({}, in[0].dtype(), in[0].device());
    dispatch<float, double, bfloat16>(loss.dtype(), name(), [&]<class T>() {
      kernels::CrossEntropyForward<T>::on(loss.device())(in[0].data<T>(), label.data<int64_t>(), loss.data<T>(), in[0].extent(0), in[0].extent(1));
    });
    return loss;
  }

  Tensors backward(const Tensor& dy) override {
    const Tensor x = logits, dx = Tensor::empty_like(x);
    dispatch<float, double, bfloat16>(dx.dtype(), name(), [&]<class T>() {
      kernels::CrossEntropyBackward<T>::on(dx.device())(x.data<T>(), label.data<int64_t>(), dy.data<T>(), dx.data<T>(), x.extent(0), x.extent(1));
    });
    return {dx};
  }

  Tensors backward_composed(const Tensor& dy) override {
    const auto twin = [this](const Tensors& in) { return mean(gather(log_softmax(in[0]), 1, label.view({label.numel(), 1}))) * -1.0; };
    return composed_gradient(twin, {logits}, dy);
  }
};

}  // namespace

Tensor mse_loss(const Tensor& x, const Tensor& target) {
  ITO_CHECK(x.shape() == target.shape() && x.dtype() == target.dtype() && x.numel() > 0,
            "[mse_loss] expected two tensors of one shape, not empty, got ", x.dtype(), " ", x.shape(), " and ", target.dtype(), " ", target.shape());
  return apply(std::make_shared<MseLoss>(), {x, target});
}

Tensor cross_entropy(const Tensor& logits, const Tensor& label) {
  ITO_CHECK(logits.rank() == 2 && label.dtype() == DType::i64 && label.shape() == Shape{logits.extent(0)} && logits.extent(0) > 0,
            "[cross_entropy] expected logits (N, K) and i64 labels (N), got ", logits.shape(), " and ", label.dtype(), " ", label.shape());
  for (const int64_t value : label.to_vector<int64_t>())
    ITO_CHECK(value >= 0 && value < logits.extent(1), "[cross_entropy] label ", value, " is outside the ", logits.extent(1), " classes");
  return apply(std::make_shared<CrossEntropy>(label), {logits});
}

}  // namespace ito
