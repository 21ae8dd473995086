#include "autograd/ops/norm.h"

#include "autograd/composed.h"
#include "autograd/op.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/reshape.h"
#include "autograd/ops/unary.h"
#include "kernels/group_norm/group_norm.h"

namespace ito {

namespace {

using Geometry = kernels::GroupNormShape;

template <class T>
T* data_or_null(const Tensor& x) {
  return x.defined() ? x.data<T>() : nullptr;
}

// n weight + bias, where they are given.
Tensor affine(Tensor n, const Tensor& weight, const Tensor& bias) {
  if (weight.defined()) n = n * weight;
  return bias.defined() ? n + bias : n;
}

Tensor composed(const Tensors& in, const Geometry& s) {
  const Tensor x = reshape(in[0], {s.batch, s.pixels, s.groups, s.channels / s.groups});
  const Tensor centred = x - mean(x, {{1, 3}, true});
  const Tensor n = centred * rsqrt(mean(square(centred), {{1, 3}, true}) + s.eps);
  const Tensor z = affine(reshape(n, in[0].shape()), in[1], in[2]);
  return s.silu ? silu(z) : z;
}

struct GroupNorm : OpNamed<"group_norm"> {
  Geometry s;
  Saved x{*this}, weight{*this}, bias{*this}, mean{*this}, rstd{*this};
  explicit GroupNorm(const Geometry& geometry) : s(geometry) {}

  Tensor forward(const Tensors& in) override {
    x.save(in[0]);
    weight.save(in[1]);
    bias.save(in[2]);
    const DType statistics = in[0].dtype() == DType::bf16 ? DType::f32 : in[0].dtype();
    const Tensor y = Tensor::empty_like(in[0]), mu = Tensor::empty({s.batch, s.groups}, statistics, in[0].device()), r = Tensor::empty_like(mu);
    dispatch<float, double, bfloat16>(y.dtype(), name(), [&]<class T>() {
      kernels::GroupNormForward<T>::on(y.device())(in[0].data<T>(), data_or_null<T>(in[1]), data_or_null<T>(in[2]), y.data<T>(),
                                                   mu.data<accumulate_t<T>>(), r.data<accumulate_t<T>>(), s);
    });
    mean.save(mu);
    rstd.save(r);
    return y;
  }

  Tensors backward(const Tensor& dy) override {
    const Tensor in = x, w = weight, b = bias, mu = mean, r = rstd;
    const auto gradient = [&](size_t i, const Tensor& of) { return needs_gradient(i) ? Tensor::empty_like(of) : Tensor(); };
    const Tensor dx = gradient(0, in), dw = gradient(1, w), db = gradient(2, b);
    dispatch<float, double, bfloat16>(dy.dtype(), name(), [&]<class T>() {
      kernels::GroupNormBackward<T>::on(dy.device())(in.data<T>(), data_or_null<T>(w), data_or_null<T>(b), mu.data<accumulate_t<T>>(),
                                                     r.data<accumulate_t<T>>(), dy.data<T>(), data_or_null<T>(dx), data_or_null<T>(dw),
                                                     data_or_null<T>(db), s);
    });
    return {dx, dw, db};
  }

  Tensors backward_composed(const Tensor& dy) override {
    return composed_gradient([this](const Tensors& in) { return composed(in, s); }, {x, weight, bias}, dy);
  }
};

Tensor normalise(const char* op, const Tensor& x, const Tensor& weight, const Tensor& bias, const Geometry& s) {
  const Shape per_channel{s.channels};
  ITO_CHECK(!weight.defined() || weight.shape() == per_channel, "[", op, "] expected a weight ", per_channel, ", got ", weight.shape());
  ITO_CHECK(!bias.defined() || bias.shape() == per_channel, "[", op, "] expected a bias ", per_channel, ", got ", bias.shape());
  return ito::apply(std::make_shared<GroupNorm>(s), {x, weight, bias});
}

Tensor grouped(const char* op, const Tensor& x, const Tensor& weight, const Tensor& bias, const GroupNormOptions& o, bool with_silu) {
  ITO_CHECK(x.rank() >= 2 && o.groups >= 1 && x.extent(-1) % o.groups == 0, "[", op, "] ", o.groups, " groups do not divide the channels of ",
            x.shape());
  const int last = x.rank() - 1;
  return normalise(op, x, weight, bias, {x.extent(0), x.shape().product(1, last), x.extent(-1), o.groups, o.eps, with_silu});
}

}  // namespace

Tensor group_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, const GroupNormOptions& options) {
  return grouped("group_norm", x, weight, bias, options, false);
}

Tensor group_norm_silu(const Tensor& x, const Tensor& weight, const Tensor& bias, const GroupNormOptions& options) {
  return grouped("group_norm_silu", x, weight, bias, options, true);
}

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  ITO_CHECK(x.rank() >= 1, "[layer_norm] a scalar has no axis to normalise");
  return normalise("layer_norm", x, weight, bias, {x.shape().product(0, x.rank() - 1), 1, x.extent(-1), 1, eps});
}

Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  ITO_CHECK(x.rank() >= 2, "[batch_norm] expected (N, ..., C), got ", x.shape());
  return normalise("batch_norm", x, weight, bias, {1, x.shape().product(0, x.rank() - 1), x.extent(-1), x.extent(-1), eps});
}

Tensor batch_norm_inference(const Tensor& x, const Tensor& mean, const Tensor& variance, const Tensor& weight, const Tensor& bias, double eps) {
  return affine((x - mean) * rsqrt(variance + eps), weight, bias);
}

}  // namespace ito
