#include "autograd/ops/attention.h"

#include <cmath>
#include <limits>

#include "autograd/composed.h"
#include "autograd/graph.h"
#include "autograd/op.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/permute.h"
#include "autograd/ops/reshape.h"
#include "autograd/ops/softmax.h"
#include "autograd/ops/strided.h"
#include "autograd/profile.h"
#include "kernels/attention/attention.h"

namespace ito {

namespace {

using Geometry = kernels::AttentionShape;

// 0 where s <= t, else -inf; (T, S).
Tensor causal_mask(const Geometry& s, const Tensor& like) {
  const Tensor mask = Tensor::zeros({s.queries, s.keys}, like.dtype());
  for (int64_t t = 0; t < s.queries; ++t)
    if (t + 1 < s.keys) mask.rows(t, t + 1).view({s.keys}).rows(t + 1, s.keys).fill(-std::numeric_limits<double>::infinity());
  return mask.to(like.device());
}

// in: q, k, v, mask (may be undefined).
Tensor composed(const Tensors& in, const Geometry& s) {
  const auto heads = [&](const Tensor& x, int64_t tokens) {
    return permute(reshape(x, {s.batch, tokens, s.heads, s.head_channels()}), {0, 2, 1, 3});
  };
  Tensor scores = matmul(heads(in[0], s.queries), heads(in[1], s.keys), {.transpose_b = true}) * s.scale;
  if (in[3].defined()) scores = scores + in[3];
  if (s.causal) scores = scores + causal_mask(s, scores);
  const Tensor y = matmul(softmax(scores), heads(in[2], s.keys));
  return reshape(permute(y, {0, 2, 1, 3}), {s.batch, s.queries, s.channels});
}

struct Attention : OpNamed<"attention"> {
  Geometry s;
  Saved q{*this}, k{*this}, v{*this}, mask{*this}, y{*this}, lse{*this};
  explicit Attention(const Geometry& geometry) : s(geometry) {}

  Tensor forward(const Tensors& in) override {
    q.save(in[0]);
    k.save(in[1]);
    v.save(in[2]);
    mask.save(in[3]);
    const DType sum_dtype = in[0].dtype() == DType::bf16 ? DType::f32 : in[0].dtype();
    const Tensor out = Tensor::empty_like(in[0]), sums = Tensor::empty({s.batch, s.heads, s.queries}, sum_dtype, in[0].device());
    profile_flops(kernels::attention_work(s, int64_t(size_of(out.dtype()))).flops);
    dispatch<float, double, bfloat16>(out.dtype(), name(), [&]<class T>() {
      kernels::AttentionForward<T>::on(out.device())(in[0].data<T>(), in[1].data<T>(), in[2].data<T>(), in[3].defined() ? in[3].data<T>() : nullptr,
                                                     out.data<T>(), sums.data<accumulate_t<T>>(), s);
    });
    lse.save(sums);
    return y.save_output(out);
  }

  Tensors backward(const Tensor& dy) override {
    const Tensor query = q, key = k, value = v, added = mask, out = y, sums = lse;
    const Tensor dq = Tensor::empty(query.shape(), dy.dtype(), dy.device()), dk = Tensor::empty(key.shape(), dy.dtype(), dy.device()),
                 dv = Tensor::empty(value.shape(), dy.dtype(), dy.device());
    profile_flops(2 * kernels::attention_work(s, int64_t(size_of(dy.dtype()))).flops);  // four matmuls to forward's two
    dispatch<float, double, bfloat16>(dy.dtype(), name(), [&]<class T>() {
      kernels::AttentionBackward<T>::on(dy.device())(query.data<T>(), key.data<T>(), value.data<T>(), added.defined() ? added.data<T>() : nullptr,
                                                     out.data<T>(), sums.data<accumulate_t<T>>(), dy.data<T>(), dq.data<T>(), dk.data<T>(),
                                                     dv.data<T>(), s);
    });
    return {dq, dk, dv, {}};
  }

  Tensors backward_composed(const Tensor& dy) override {
    return composed_gradient([this](const Tensors& in) { return composed(in, s); }, {q, k, v, mask}, dy);
  }
};

// The mask as numbers to add: a bool mask as 0 and -inf.
Tensor added_mask(const Tensor& mask, DType dtype) {
  if (!mask.defined() || mask.dtype() != DType::boolean) return mask;
  const Tensor seen = mask.to(Device::cpu), out = Tensor::empty(mask.shape(), dtype);
  dispatch<float, double, bfloat16>(dtype, "attention", [&]<class T>() {
    std::transform(seen.data<bool>(), seen.data<bool>() + seen.numel(), out.data<T>(),
                   [](bool one) { return one ? T(0) : T(-std::numeric_limits<float>::infinity()); });
  });
  return out.to(mask.device());
}

}  // namespace

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& o) {
  ITO_CHECK(q.rank() == 3 && k.shape() == v.shape() && k.rank() == 3 && k.extent(0) == q.extent(0) && k.extent(2) == q.extent(2),
            "[attention] expected q (N, T, C), k and v (N, S, C), got ", q.shape(), ", ", k.shape(), " and ", v.shape());
  ITO_CHECK(o.num_heads >= 1 && q.extent(2) % o.num_heads == 0, "[attention] ", o.num_heads, " heads do not divide ", q.extent(2), " channels");
  Geometry s{.batch = q.extent(0), .queries = q.extent(1), .keys = k.extent(1), .channels = q.extent(2), .heads = o.num_heads};
  s.scale = o.scale != 0 ? o.scale : 1 / std::sqrt(double(s.head_channels()));
  s.causal = o.causal;
  const Tensor mask = added_mask(o.mask, q.dtype());
  if (mask.defined()) {
    const Shape full{s.batch, s.heads, s.queries, s.keys};
    ITO_CHECK(mask.dtype() == q.dtype() && mask.rank() <= 4 && broadcast_shape("attention", mask.shape(), full) == full, "[attention] a mask ",
              mask.dtype(), " ", mask.shape(), " does not broadcast to ", full, "; it is bool or of q's type");
    if (requires_grad(mask)) return composed({q, k, v, mask}, s);  // its gradient is the score matrix, which the fused kernel never writes
    const std::vector<int64_t> strides = dense_strides(mask.shape());
    const size_t missing = 4 - strides.size();
    for (size_t i = 0; i < strides.size(); ++i)
      if (mask.shape()[i] > 1) s.mask_strides[missing + i] = strides[i];
  }
  return ito::apply(std::make_shared<Attention>(s), {q, k, v, mask});
}

}  // namespace ito
