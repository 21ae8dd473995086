#include "autograd/ops/softmax.h"

#include "autograd/op.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/permute.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/unary.h"
#include "kernels/softmax/softmax.h"

namespace ito {

namespace {

// Both ops work on the last axis.
int64_t row_length(const Tensor& x) { return x.extent(-1); }
int64_t row_count(const Tensor& x) { return x.shape().product(0, x.rank() - 1); }

struct Softmax : OpNamed<"softmax"> {
  Saved y{*this};

  Tensor forward(const Tensors& in) override {
    Tensor out = Tensor::empty_like(in[0]);
    dispatch<float, double, bfloat16>(out.dtype(), name(), [&]<class T>() {
      kernels::SoftmaxForward<T>::on(out.device())(in[0].data<T>(), out.data<T>(), row_count(out), row_length(out));
    });
    return y.save_output(out);
  }

  Tensors backward(const Tensor& dy) override {
    const Tensor p = y;
    Tensor dx = Tensor::empty_like(dy);
    dispatch<float, double, bfloat16>(dx.dtype(), name(), [&]<class T>() {
      kernels::SoftmaxBackward<T>::on(dx.device())(p.data<T>(), dy.data<T>(), dx.data<T>(), row_count(dx), row_length(dx));
    });
    return {dx};
  }

  Tensors backward_composed(const Tensor& dy) override {
    const Tensor p = y;
    return {p * (dy - sum(dy * p, {{-1}, true}))};
  }
};

struct LogSoftmax : OpNamed<"log_softmax"> {
  Saved y{*this};

  Tensor forward(const Tensors& in) override {
    Tensor out = Tensor::empty_like(in[0]);
    dispatch<float, double, bfloat16>(out.dtype(), name(), [&]<class T>() {
      kernels::LogSoftmaxForward<T>::on(out.device())(in[0].data<T>(), out.data<T>(), row_count(out), row_length(out));
    });
    return y.save_output(out);
  }

  Tensors backward(const Tensor& dy) override {
    const Tensor log_p = y;
    Tensor dx = Tensor::empty_like(dy);
    dispatch<float, double, bfloat16>(dx.dtype(), name(), [&]<class T>() {
      kernels::LogSoftmaxBackward<T>::on(dx.device())(log_p.data<T>(), dy.data<T>(), dx.data<T>(), row_count(dx), row_length(dx));
    });
    return {dx};
  }

  Tensors backward_composed(const Tensor& dy) override { return {dy - exp(y) * sum(dy, {{-1}, true})}; }
};

// f of the last axis, applied along `axis`.
template <class F>
Tensor along(const char* op, const Tensor& x, int axis, F&& f) {
  const int i = normal_axis(op, axis, x.shape());
  return i == x.rank() - 1 ? f(x) : transpose(f(transpose(x, i, -1)), i, -1);
}

}  // namespace

Tensor softmax(const Tensor& x, int axis) {
  return along("softmax", x, axis, [](const Tensor& rows) { return apply(std::make_shared<Softmax>(), {rows}); });
}

Tensor log_softmax(const Tensor& x, int axis) {
  return along("log_softmax", x, axis, [](const Tensor& rows) { return apply(std::make_shared<LogSoftmax>(), {rows}); });
}

}  // namespace ito
