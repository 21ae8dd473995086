#include "nn/layers.h"

#include <cmath>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/attention.h"
#include "autograd/ops/compare.h"
#include "autograd/ops/dropout.h"
#include "autograd/ops/index.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/norm.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/slice.h"
#include "nn/init.h"

namespace ito {

namespace {
const double pytorch_gain = 1 / std::sqrt(3.0);

Tensor bias_for(bool wanted, const Shape& weight, int64_t extent, Generator& init) {
  if (!wanted) return {};
  const double bound = 1 / std::sqrt(double(fans_of(weight).in));
  return uniform({extent}, init, -bound, bound);
}
}  // namespace

Tensor matched(const Tensor& parameter, const Tensor& x) {
  return parameter.defined() && x.dtype() == DType::bf16 ? cast(parameter, DType::bf16) : parameter;
}

Linear::Linear(int64_t in, int64_t out, Generator& init, bool with_bias)
    : weight(kaiming_uniform({out, in}, pytorch_gain, init)), bias(bias_for(with_bias, weight.shape(), out, init)) {
  add_parameter("weight", weight);
  add_parameter("bias", bias);
}

Tensor Linear::operator()(const Tensor& x) const { return linear(x, matched(weight, x), matched(bias, x)); }

Conv2d::Conv2d(int64_t in, int64_t out, Generator& init, const Conv2dLayout& l)
    : weight(kaiming_uniform({out, l.kernel, l.kernel, in / l.groups}, pytorch_gain, init)),
      bias(bias_for(l.bias, weight.shape(), out, init)),
      options{l.stride, l.padding, l.groups} {
  add_parameter("weight", weight);
  add_parameter("bias", bias);
}

Tensor Conv2d::operator()(const Tensor& x) const { return conv2d(x, matched(weight, x), matched(bias, x), options); }

ConvTranspose2d::ConvTranspose2d(int64_t in, int64_t out, Generator& init, const Conv2dLayout& l)
    : weight(kaiming_uniform({in, l.kernel, l.kernel, out / l.groups}, pytorch_gain, init)),
      bias(bias_for(l.bias, weight.shape(), out, init)),
      options{.stride = l.stride, .padding = l.padding, .groups = l.groups} {
  add_parameter("weight", weight);
  add_parameter("bias", bias);
}

Tensor ConvTranspose2d::operator()(const Tensor& x) const { return conv_transpose2d(x, matched(weight, x), matched(bias, x), options); }

int64_t group_count(int64_t channels) {
  int64_t groups = std::min<int64_t>(32, channels);
  while (channels % groups != 0) --groups;
  return groups;
}

GroupNorm::GroupNorm(int64_t channels, int64_t g)
    : weight(Tensor::ones({channels})), bias(Tensor::zeros({channels})), groups(g ? g : group_count(channels)) {
  add_parameter("weight", weight);
  add_parameter("bias", bias);
}
Tensor GroupNorm::operator()(const Tensor& x) const { return group_norm(x, matched(weight, x), matched(bias, x), {groups}); }
Tensor GroupNorm::silu(const Tensor& x) const { return group_norm_silu(x, matched(weight, x), matched(bias, x), {groups}); }

LayerNorm::LayerNorm(int64_t channels) : weight(Tensor::ones({channels})), bias(Tensor::zeros({channels})) {
  add_parameter("weight", weight);
  add_parameter("bias", bias);
}
Tensor LayerNorm::operator()(const Tensor& x) const { return layer_norm(x, matched(weight, x), matched(bias, x)); }

BatchNorm::BatchNorm(int64_t channels)
    : weight(Tensor::ones({channels})),
      bias(Tensor::zeros({channels})),
      running_mean(Tensor::zeros({channels})),
      running_variance(Tensor::ones({channels})) {
  add_parameter("weight", weight);
  add_parameter("bias", bias);
  add_buffer("running_mean", running_mean);
  add_buffer("running_variance", running_variance);
}

Tensor BatchNorm::operator()(const Tensor& x) const {
  if (!training()) return batch_norm_inference(x, matched(running_mean, x), matched(running_variance, x), matched(weight, x), matched(bias, x));
  {
    const NoGrad guard;
    std::vector<int> axes;
    for (int i = 0; i + 1 < x.rank(); ++i) axes.push_back(i);
    const double n = double(x.numel()) / double(x.extent(-1));
    const Tensor seen = cast(x, running_mean.dtype());
    running_mean.copy_from(running_mean * (1 - momentum) + mean(seen, {axes}) * momentum);
    running_variance.copy_from(running_variance * (1 - momentum) + variance(seen, {axes}) * (momentum * n / (n - 1)));
  }
  return batch_norm(x, matched(weight, x), matched(bias, x));
}

Tensor Dropout::operator()(const Tensor& x, Generator& generator) const { return training() ? dropout(x, p, generator) : x; }

Embedding::Embedding(int64_t count, int64_t channels, Generator& init) : weight(normal({count, channels}, init)) { add_parameter("weight", weight); }
Tensor Embedding::operator()(const Tensor& index) const { return embedding(weight, index); }

MultiHeadAttention::MultiHeadAttention(int64_t channels, int64_t num_heads, Generator& init)
    : q(channels, channels, init), k(channels, channels, init), v(channels, channels, init), out(channels, channels, init), heads(num_heads) {
  add("q", q);
  add("k", k);
  add("v", v);
  add("out", out);
}

Tensor MultiHeadAttention::operator()(const Tensor& query, const Tensor& key, const Tensor& value, bool causal) const {
  return out(attention(q(query), k(key), v(value), {.num_heads = heads, .causal = causal}));
}

}  // namespace ito
