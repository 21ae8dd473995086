#include "nn/vit.h"

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/attention.h"
#include "autograd/ops/compare.h"
#include "autograd/ops/concat.h"
#include "autograd/ops/feed_forward.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/reshape.h"
#include "autograd/ops/slice.h"
#include "nn/time_embedding.h"
#include "nn/unet.h"

namespace ito {

namespace {

constexpr double deviation = 0.02;

void initialise(Linear& layer, Generator& init) {
  layer.weight.copy_from(normal(layer.weight.shape(), init) * deviation);
  if (layer.bias.defined()) layer.bias.fill(0);
}

int64_t outputs(const ViTOptions& o) { return o.outputs > 0 ? o.outputs : o.channels; }

ViTOptions checked(const ViTOptions& o) {
  ITO_CHECK(o.channels >= 1 && o.depth >= 1 && o.mlp_ratio >= 1 && o.classes >= 0,
            "ViT: channels, depth and mlp_ratio must be at least 1 and classes at least 0, got ", o.channels, ", ", o.depth, ", ", o.mlp_ratio,
            " and ", o.classes);
  ITO_CHECK(o.patch >= 1 && o.size >= o.patch && o.size % o.patch == 0, "ViT: images of ", o.size, " x ", o.size, " are not made of patches of ",
            o.patch, " x ", o.patch);
  ITO_CHECK(o.heads >= 1 && o.dim >= 4 && o.dim % 2 == 0 && o.dim % o.heads == 0,
            "ViT: dim must be even, at least 4 and a multiple of heads, got dim ", o.dim, " and ", o.heads, " heads");
  ITO_CHECK(!o.long_skips || o.depth % 2 == 0, "ViT: long skips join blocks in pairs, depth must be even, got ", o.depth);
  return o;
}

}  // namespace

TransformerBlock::TransformerBlock(const ViTOptions& o, bool with_skip, Generator& init)
    : norm1(o.dim),
      norm2(o.dim),
      qkv(o.dim, 3 * o.dim, init, false),
      out(o.dim, o.dim, init),
      up(o.dim, o.mlp_ratio * o.dim, init),
      down(o.mlp_ratio * o.dim, o.dim, init),
      heads(o.heads) {
  if (with_skip) {
    skip.emplace(2 * o.dim, o.dim, init);
    initialise(*skip, init);
    add("skip", *skip);
  }
  for (Linear* layer : {&qkv, &out, &up, &down}) initialise(*layer, init);
  add("norm1", norm1);
  add("qkv", qkv);
  add("out", out);
  add("norm2", norm2);
  add("up", up);
  add("down", down);
}

Tensor TransformerBlock::operator()(const Tensor& input, const Tensor& partner) const {
  const Tensor x = skip ? (*skip)(concat({input, partner}, 2)) : input;
  const Tensor y = x + out(self_attention(qkv(norm1(x)), {.num_heads = heads}));
  return y + feed_forward_gelu(norm2(y), matched(up.weight, x), matched(up.bias, x), matched(down.weight, x), matched(down.bias, x));
}

ViT::ViT(const ViTOptions& o, Generator& init)
    : options_(checked(o)),
      extra_(o.classes > 0 ? 2 : 1),
      patch_(o.patch * o.patch * o.channels, o.dim, init),
      position_(normal({1, extra_ + (o.size / o.patch) * (o.size / o.patch), o.dim}, init) * deviation),
      norm_(o.dim),
      head_(o.dim, o.patch * o.patch * outputs(o), init),
      last_(outputs(o), outputs(o), init) {
  initialise(head_, init);
  add("patch", patch_);
  add_parameter("position", position_);
  if (o.classes > 0) {
    label_.emplace(o.classes + 1, o.dim, init);
    add("label", *label_);
  }
  const int64_t blocks = o.long_skips ? o.depth + 1 : o.depth;
  for (int64_t i = 0; i < blocks; ++i) blocks_.emplace(o, o.long_skips && i > o.depth / 2, init);
  add("blocks", blocks_);
  add("norm", norm_);
  add("head", head_);
  add("last", last_);
}

Tensor ViT::tokens(const Tensor& images, const Tensor& t, const Tensor& labels) const {
  const int64_t n = images.extent(0), dim = options_.dim;
  Tensors parts{cast(reshape(sinusoidal_embedding(t, dim), {n, 1, dim}), images.dtype())};
  if (label_) {
    const Tensor known = labels.defined() ? labels : Tensor::full({n}, double(options_.classes), DType::i64, t.device());
    parts.push_back(matched(reshape((*label_)(known), {n, 1, dim}), images));
  }
  const Tensor patches = patch_(space_to_depth(images, options_.patch));
  parts.push_back(reshape(patches, {n, patches.extent(1) * patches.extent(2), dim}));
  return concat(parts, 1) + matched(position_, images);
}

Tensor ViT::operator()(const Tensor& images, const Tensor& t, const Tensor& labels) const {
  const ViTOptions& o = options_;
  ITO_CHECK(images.rank() == 4 && images.shape() == Shape({images.extent(0), o.size, o.size, o.channels}), "ViT: expected images (N, ", o.size, ", ",
            o.size, ", ", o.channels, "), got ", images.shape());
  const Shape one_each{images.extent(0)};
  ITO_CHECK(t.shape() == one_each, "ViT: expected one time an image, (", images.extent(0), "), got ", t.shape());
  ITO_CHECK(label_ || !labels.defined(), "ViT: labels given, but the network has no classes");
  ITO_CHECK(!labels.defined() || labels.shape() == one_each, "ViT: expected one label an image, (", images.extent(0), "), got ", labels.shape());
  Tensor x = tokens(images, t, labels);
  const size_t half = o.long_skips ? blocks_.size() / 2 : 0;
  Tensors skips;
  for (size_t i = 0; i < blocks_.size(); ++i) {
    if (blocks_[i].skip) {
      x = blocks_[i](x, skips.back());
      skips.pop_back();
    } else {
      x = blocks_[i](x, {});
    }
    if (i < half) skips.push_back(x);
  }
  const int64_t side = o.size / o.patch;
  const Tensor patches = slice(x, 1, extra_, x.extent(1));
  const Tensor pixels = reshape(head_(norm_(patches)), {x.extent(0), side, side, o.patch * o.patch * outputs(o)});
  return last_(depth_to_space(pixels, o.patch));
}

}  // namespace ito
