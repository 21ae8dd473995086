// Y = f(Z) D^T + d,  Z = X U^T + u.  With H = f(Z):  dZ = (dY D) f'(Z),  dX = dZ U,  dU = dZ^T X,  du = sum dZ,  dD = dY^T H,  dd = sum dY.
// One op instead of two matmuls and an activation, so that f and f' are applied where the matmuls before them write (kernels/feed_forward).
#include "autograd/ops/feed_forward.h"

#include "autograd/composed.h"
#include "autograd/op.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/reshape.h"
#include "autograd/ops/unary.h"
#include "autograd/profile.h"
#include "kernels/feed_forward/feed_forward.h"

namespace ito {

namespace {

using kernels::UnaryKind;

struct FeedForward : OpNamed<"feed_forward"> {
  Saved x{*this}, up{*this}, up_bias{*this}, down{*this}, down_bias{*this}, slope{*this}, hidden{*this};  // slope: f'(Z)

  Tensor forward(const Tensors& in) override {
    const int64_t rows = in[0].extent(0), width = in[1].extent(0);
    const Tensor h = Tensor::empty({rows, width}, in[0].dtype(), in[0].device());
    const Tensor s = needs_gradient(0) || needs_gradient(1) || needs_gradient(2) ? Tensor::empty_like(h) : Tensor();
    profile_flops(kernels::matmul_work(1, rows, width, in[0].extent(1), 0).flops);  // the other products count themselves
    dispatch<float, double, bfloat16>(h.dtype(), name(), [&]<class T>() {
      kernels::FeedForwardUp<T>::on(h.device())(UnaryKind::gelu, in[0].data<T>(), in[1].data<T>(), in[2].data<T>(), h.data<T>(),
                                                s.defined() ? s.data<T>() : nullptr, rows, in[0].extent(1), width);
    });
    x.save(in[0]);
    up.save(in[1]);
    up_bias.save(in[2]);
    down.save(in[3]);
    down_bias.save(in[4]);
    slope.save(s);
    hidden.save(h);
    return linear(h, in[3], in[4]);
  }

  Tensors backward(const Tensor& dy) override {
    const Tensor w = up, out = down, s = slope;
    Tensor dz;
    if (s.defined()) {
      dz = Tensor::empty_like(s);
      profile_flops(kernels::matmul_work(1, dy.extent(0), w.extent(0), dy.extent(1), 0).flops);
      dispatch<float, double, bfloat16>(dy.dtype(), name(), [&]<class T>() {
        kernels::FeedForwardUpBackward<T>::on(dy.device())(dy.data<T>(), out.data<T>(), s.data<T>(), dz.data<T>(), dy.extent(0), dy.extent(1),
                                                           w.extent(0));
      });
    }
    return {needs_gradient(0) ? matmul(dz, w) : Tensor(), needs_gradient(1) ? matmul(dz, x, {.transpose_a = true}) : Tensor(),
            needs_gradient(2) ? sum(dz, {{0}}) : Tensor(), needs_gradient(3) ? matmul(dy, hidden, {.transpose_a = true}) : Tensor(),
            needs_gradient(4) ? sum(dy, {{0}}) : Tensor()};
  }

  Tensors backward_composed(const Tensor& dy) override {
    return composed_gradient([](const Tensors& in) { return linear(gelu(linear(in[0], in[1], in[2])), in[3], in[4]); },
                             {x, up, up_bias, down, down_bias}, dy);
  }
};

}  // namespace

Tensor feed_forward_gelu(const Tensor& x, const Tensor& up, const Tensor& up_bias, const Tensor& down, const Tensor& down_bias) {
  ITO_CHECK(x.rank() >= 1 && up.rank() == 2 && down.rank() == 2 && up.extent(1) == x.extent(-1) && down.extent(1) == up.extent(0) &&
                up_bias.shape() == Shape{up.extent(0)} && down_bias.shape() == Shape{down.extent(0)},
            "[feed_forward_gelu] expected x (..., in), up (hidden, in), a bias (hidden), down (out, hidden) and a bias (out), got ", x.shape(), ", ",
            up.shape(), ", ", up_bias.shape(), ", ", down.shape(), " and ", down_bias.shape());
  for (const Tensor& other : {up, up_bias, down, down_bias})
    ITO_CHECK(other.dtype() == x.dtype(), "[feed_forward_gelu] x is ", x.dtype(), ", a weight ", other.dtype(), "; cast one of them");
  Shape shape = x.shape();
  shape.back() = down.extent(0);
  const Tensor rows = reshape(x, {x.shape().product(0, x.rank() - 1), x.extent(-1)});
  return reshape(apply(std::make_shared<FeedForward>(), {rows, up, up_bias, down, down_bias}), shape);
}

}  // namespace ito
