#include "nn/unet.h"

#include <algorithm>
#include <memory>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/attention.h"
#include "autograd/ops/compare.h"
#include "autograd/ops/concat.h"
#include "autograd/ops/permute.h"
#include "autograd/ops/pool2d.h"
#include "autograd/ops/recompute.h"
#include "autograd/ops/reshape.h"
#include "autograd/ops/unary.h"
#include "nn/init.h"
#include "nn/time_embedding.h"

namespace ito {

namespace {

// Glorot weights and zero biases, as in Ho et al.'s code; scale 0 makes a block start as the identity.
template <class Layer>
void initialise(Layer& layer, double scale, Generator& init) {
  layer.weight.copy_from(scale > 0 ? glorot_uniform(layer.weight.shape(), scale, init) : Tensor::zeros(layer.weight.shape()));
  layer.bias.fill(0);
}

constexpr Conv2dLayout pointwise{.kernel = 1, .padding = 0};

}  // namespace

ResidualBlock::ResidualBlock(int64_t in, int64_t out, int64_t time_channels, double p, Generator& init)
    : norm1(in), norm2(out), conv1(in, out, init), conv2(out, out, init), time(time_channels, out, init), dropout(p) {
  initialise(conv1, 1, init);
  initialise(conv2, 0, init);
  initialise(time, 1, init);
  add("norm1", norm1);
  add("conv1", conv1);
  add("time", time);
  add("norm2", norm2);
  add("dropout", dropout);
  add("conv2", conv2);
  if (in == out) return;
  skip.emplace(in, out, init, pointwise);
  initialise(*skip, 1, init);
  add("skip", *skip);
}

Tensor ResidualBlock::operator()(const Tensor& x, const Tensor& t, Generator& random) const {
  const Tensor shift = time(silu(t));
  Tensor h = conv1(norm1.silu(x)) + reshape(shift, {shift.extent(0), 1, 1, shift.extent(1)});
  h = conv2(dropout(norm2.silu(h), random));
  return (skip ? (*skip)(x) : x) + h;
}

AttentionBlock::AttentionBlock(int64_t channels, int64_t num_heads, Generator& init)
    : norm(channels), qkv(channels, 3 * channels, init), out(channels, channels, init), heads(num_heads) {
  initialise(qkv, 1, init);
  initialise(out, 0, init);
  add("norm", norm);
  add("qkv", qkv);
  add("out", out);
}

Tensor AttentionBlock::operator()(const Tensor& x) const {
  const int64_t n = x.extent(0), c = x.extent(3);
  const Tensor parts = qkv(reshape(norm(x), {n, x.extent(1) * x.extent(2), c}));
  return x + reshape(out(self_attention(parts, {.num_heads = heads})), x.shape());
}

UNet::UNet(const UNetOptions& o, Generator& init)
    : options_(o),
      time_channels_(4 * o.base),
      time1_(o.base, time_channels_, init),
      time2_(time_channels_, time_channels_, init),
      first_(o.channels * o.patch * o.patch, o.base, init) {
  ITO_CHECK(o.base >= 4 && o.base % 2 == 0 && !o.multipliers.empty() && o.blocks >= 1 && o.patch >= 1,
            "U-Net: base must be even and at least 4, with at least one level and one block a level");
  initialise(time1_, 1, init);
  initialise(time2_, 1, init);
  initialise(first_, 1, init);
  add("time1", time1_);
  add("time2", time2_);
  if (o.classes > 0) {
    label_.emplace(o.classes + 1, time_channels_, init);
    add("label", *label_);
  }
  add("first", first_);

  int64_t channels = o.base;
  std::vector<int64_t> skips{channels};
  build_down(channels, skips, init);
  add("down", down_);
  middle1_.emplace(channels, channels, time_channels_, o.dropout, init);
  middle_attention_.emplace(channels, o.heads, init);
  middle2_.emplace(channels, channels, time_channels_, o.dropout, init);
  add("middle1", *middle1_);
  add("middle_attention", *middle_attention_);
  add("middle2", *middle2_);
  build_up(channels, skips, init);
  add("up", up_);
  norm_.emplace(channels);
  last_.emplace(channels, (o.outputs > 0 ? o.outputs : o.channels) * o.patch * o.patch, init);
  initialise(*last_, 0, init);
  add("norm", *norm_);
  add("last", *last_);
}

void UNet::Step::add_block(int64_t in, int64_t out, bool with_attention, const UNetOptions& o, int64_t time_channels, Generator& init) {
  block.emplace(in, out, time_channels, o.dropout, init);
  add("block", *block);
  if (!with_attention) return;
  attention.emplace(out, o.heads, init);
  add("attention", *attention);
}

void UNet::Step::add_down(int64_t channels, Generator& init) {
  down.emplace(channels, channels, init, Conv2dLayout{.stride = 2});
  initialise(*down, 1, init);
  add("down", *down);
}

void UNet::Step::add_up(int64_t channels, Generator& init) {
  up.emplace(channels, channels, init);
  initialise(*up, 1, init);
  add("up", *up);
}

bool UNet::has_attention(size_t level) const { return std::count(options_.attention.begin(), options_.attention.end(), int64_t(level)) > 0; }

void UNet::build_down(int64_t& channels, std::vector<int64_t>& skips, Generator& init) {
  for (size_t level = 0; level < options_.multipliers.size(); ++level) {
    for (int64_t b = 0; b < options_.blocks; ++b) {
      const int64_t out = options_.base * options_.multipliers[level];
      down_.emplace().add_block(channels, out, has_attention(level), options_, time_channels_, init);
      skips.push_back(channels = out);
    }
    if (level + 1 == options_.multipliers.size()) break;
    down_.emplace().add_down(channels, init);
    skips.push_back(channels);
  }
}

void UNet::build_up(int64_t& channels, std::vector<int64_t>& skips, Generator& init) {
  for (size_t level = options_.multipliers.size(); level-- > 0;)
    for (int64_t b = 0; b <= options_.blocks; ++b) {
      const int64_t out = options_.base * options_.multipliers[level];
      Step& step = up_.emplace();
      step.add_block(channels + skips.back(), out, has_attention(level), options_, time_channels_, init);
      skips.pop_back();
      channels = out;
      if (level > 0 && b == options_.blocks) step.add_up(channels, init);
    }
}

Tensor UNet::embed(const Tensor& t, const Tensor& labels) const {
  Tensor e = time2_(silu(time1_(sinusoidal_embedding(t, options_.base))));
  if (!label_) return e;
  return e + (*label_)(labels.defined() ? labels : Tensor::full({t.extent(0)}, double(options_.classes), DType::i64, t.device()));
}

Tensor UNet::Step::operator()(const Tensors& parts, const Tensor& time, Generator& random) const {
  Tensor x = parts.size() == 1 ? parts[0] : concat(parts, 3);
  if (down) return (*down)(x);
  x = (*block)(x, time, random);
  if (attention) x = (*attention)(x);
  return up ? (*up)(upsample_nearest(x, 2)) : x;
}

Tensor UNet::run(const Step& step, const Tensors& parts, const Tensor& time, Generator& random) const {
  if (!options_.recompute || !recording()) return step(parts, time, random);
  Tensors inputs = parts, parameters;
  inputs.push_back(time);
  for (const auto& [name, parameter] : step.parameters()) parameters.push_back(parameter);
  const Generator before = random;  // each run draws the same
  const auto after = std::make_shared<Generator>();
  const auto body = [&step, before, after](const Tensors& in) {
    *after = before;
    return step(Tensors(in.begin(), in.end() - 1), in.back(), *after);
  };
  const Tensor y = recomputed(body, inputs, parameters);
  random = *after;
  return y;
}

Tensor UNet::operator()(const Tensor& images, const Tensor& t, const Tensor& labels, Generator& random) const {
  const int64_t multiple = options_.patch << (options_.multipliers.size() - 1);
  ITO_CHECK(images.rank() == 4 && images.extent(3) == options_.channels && images.extent(1) % multiple == 0 && images.extent(2) % multiple == 0,
            "U-Net: expected images (N, H, W, ", options_.channels, ") with sides that are multiples of ", multiple, ", got ", images.shape());
  ITO_CHECK(label_ || !labels.defined(), "U-Net: labels given, but the network has no classes");
  const Tensor time = cast(embed(t, labels), images.dtype());
  Tensor x = first_(space_to_depth(images, options_.patch));
  Tensors skips{x};
  for (size_t i = 0; i < down_.size(); ++i) {
    x = run(down_[i], {x}, time, random);
    skips.push_back(x);
  }
  x = (*middle2_)((*middle_attention_)((*middle1_)(x, time, random)), time, random);
  for (size_t i = 0; i < up_.size(); ++i) {
    x = run(up_[i], {x, skips.back()}, time, random);
    skips.pop_back();
  }
  return depth_to_space((*last_)(norm_->silu(x)), options_.patch);
}

Tensor space_to_depth(const Tensor& x, int64_t p) {
  if (p == 1) return x;
  const int64_t n = x.extent(0), h = x.extent(1) / p, w = x.extent(2) / p, c = x.extent(3);
  return reshape(permute(reshape(x, {n, h, p, w, p, c}), {0, 1, 3, 2, 4, 5}), {n, h, w, p * p * c});
}

Tensor depth_to_space(const Tensor& x, int64_t p) {
  if (p == 1) return x;
  const int64_t n = x.extent(0), h = x.extent(1), w = x.extent(2), c = x.extent(3) / (p * p);
  return reshape(permute(reshape(x, {n, h, w, p, p, c}), {0, 1, 3, 2, 4, 5}), {n, h * p, w * p, c});
}

}  // namespace ito
