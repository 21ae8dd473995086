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
#include "autograd/ops/slice.h"
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

// in: q, k, v, mask (may be undefined); or q, k and v in one, nothing, nothing, mask.
Tensor composed(const Tensors& in, const Geometry& s) {
  if (!in[1].defined()) {
    const Tensors parts = split(in[0], {s.channels, s.channels, s.channels}, 2);
    return composed({parts[0], parts[1], parts[2], in[3]}, s);
  }
  const auto heads = [&](const Tensor& x, int64_t tokens) {
    return permute(reshape(x, {s.batch, tokens, s.heads, s.head_channels()}), {0, 2, 1, 3});
  };
  Tensor scores = matmul(heads(in[0], s.queries), heads(in[1], s.keys), {.transpose_b = true}) * s.scale;
  if (in[3].defined()) scores = scores + in[3];
  if (s.causal) scores = scores + causal_mask(s, scores);
  const Tensor y = matmul(softmax(scores), heads(in[2], s.keys));
  return reshape(permute(y, {0, 2, 1, 3}), {s.batch, s.queries, s.channels});
}

// Where q, k and v begin, in tensors of their own or, where those of k and v are undefined, in one.
template <class T>
std::array<T*, 3> begins(const Tensor& q, const Tensor& k, const Tensor& v, const Geometry& s) {
  if (k.defined()) return {q.data<T>(), k.data<T>(), v.data<T>()};
  return {q.data<T>(), q.data<T>() + s.channels, q.data<T>() + 2 * s.channels};
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
    const Tensor out = Tensor::empty({s.batch, s.queries, s.channels}, in[0].dtype(), in[0].device()),
                 sums = Tensor::empty({s.batch, s.heads, s.queries}, sum_dtype, in[0].device());
    profile_flops(kernels::attention_work(s, int64_t(size_of(out.dtype()))).flops);
    dispatch<float, double, bfloat16>(out.dtype(), name(), [&]<class T>() {
      const auto [query, key, value] = begins<T>(in[0], in[1], in[2], s);
      kernels::AttentionForward<T>::on(out.device())(query, key, value, in[3].defined() ? in[3].data<T>() : nullptr, out.data<T>(),
                                                     sums.data<accumulate_t<T>>(), s);
    });
    lse.save(sums);
    return y.save_output(out);
  }

  Tensors backward(const Tensor& dy) override {
    const Tensor query = q, key = k, value = v, added = mask, out = y, sums = lse, dq = Tensor::empty_like(query);
    const Tensor dk = key.defined() ? Tensor::empty_like(key) : Tensor(), dv = key.defined() ? Tensor::empty_like(value) : Tensor();
    profile_flops(2 * kernels::attention_work(s, int64_t(size_of(dy.dtype()))).flops);  // four matmuls to forward's two
    dispatch<float, double, bfloat16>(dy.dtype(), name(), [&]<class T>() {
      const auto [q_at, k_at, v_at] = begins<T>(query, key, value, s);
      const auto [dq_at, dk_at, dv_at] = begins<T>(dq, dk, dv, s);
      kernels::AttentionBackward<T>::on(dy.device())(q_at, k_at, v_at, added.defined() ? added.data<T>() : nullptr, out.data<T>(),
                                                     sums.data<accumulate_t<T>>(), dy.data<T>(), dq_at, dk_at, dv_at, s);
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

// k and v undefined: in q.
Tensor run(const Tensor& q, const Tensor& k, const Tensor& v, Geometry s, const AttentionOptions& o) {
  ITO_CHECK(o.num_heads >= 1 && s.channels % o.num_heads == 0, "[attention] ", o.num_heads, " heads do not divide ", s.channels, " channels");
  s.heads = o.num_heads;
  s.token_stride = q.extent(2);
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

}  // namespace

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options) {
  ITO_CHECK(q.rank() == 3 && k.shape() == v.shape() && k.rank() == 3 && k.extent(0) == q.extent(0) && k.extent(2) == q.extent(2),
            "[attention] expected q (N, T, C), k and v (N, S, C), got ", q.shape(), ", ", k.shape(), " and ", v.shape());
  return run(q, k, v, {.batch = q.extent(0), .queries = q.extent(1), .keys = k.extent(1), .channels = q.extent(2)}, options);
}

Tensor self_attention(const Tensor& qkv, const AttentionOptions& options) {
  ITO_CHECK(qkv.rank() == 3 && qkv.extent(2) % 3 == 0, "[self_attention] expected q, k and v side by side, (N, T, 3 C), got ", qkv.shape());
  return run(qkv, {}, {}, {.batch = qkv.extent(0), .queries = qkv.extent(1), .keys = qkv.extent(1), .channels = qkv.extent(2) / 3}, options);
}

}  // namespace ito
