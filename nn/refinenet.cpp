#include "nn/refinenet.h"

#include <algorithm>
#include <cmath>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/concat.h"
#include "autograd/ops/index.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/norm.h"
#include "autograd/ops/permute.h"
#include "autograd/ops/pool2d.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/reshape.h"
#include "autograd/ops/slice.h"
#include "autograd/ops/unary.h"
#include "nn/unet.h"

namespace ito {

namespace {

constexpr int64_t pooled = 5, chain_length = 2;
constexpr double eps = 1e-5;

// Rows of weights of the two neighbours of each output: (to, from).
Tensor interpolation(int64_t from, int64_t to, const Tensor& like) {
  const Tensor m = Tensor::zeros({to, from});
  for (int64_t i = 0; i < to; ++i) {
    const double at = to == 1 ? 0 : double(i) * double(from - 1) / double(to - 1);
    const int64_t low = std::min(int64_t(at), std::max<int64_t>(from - 2, 0)), high = std::min(low + 1, from - 1);
    m.data<float>()[i * from + low] += float(1 - (at - double(low)));
    m.data<float>()[i * from + high] += float(at - double(low));
  }
  return m.to(like.dtype()).to(like.device());
}

const RefineNetOptions& checked(const RefineNetOptions& o) {
  ITO_CHECK(o.channels >= 1 && o.base >= 2 && o.levels >= 1 && o.units >= 1 && o.patch >= 1,
            "RefineNet: base must be at least 2, with at least one channel, level and unit, and a patch from 1 on");
  return o;
}

Tensor level_indices(const Tensor& t, int64_t levels, Device device) {
  const Tensor on_cpu = t.to(Device::cpu), index = Tensor::empty(t.shape(), DType::i64);
  for (int64_t i = 0; i < t.numel(); ++i) {
    const float level = on_cpu.data<float>()[i];
    ITO_CHECK(level == std::floor(level) && level >= 0 && level < float(levels), "RefineNet: a noise level is 0 to ", levels - 1, ", got ", level);
    index.data<int64_t>()[i] = int64_t(level);
  }
  return index.to(device);
}

}  // namespace

ConditionalNorm::ConditionalNorm(int64_t channels, int64_t levels, Generator& init)
    : weight(concat({normal({levels, 2 * channels}, init) * 0.02 + 1.0, Tensor::zeros({levels, channels})}, 1)) {
  add_parameter("weight", weight);
}

Tensor ConditionalNorm::operator()(const Tensor& x, const Tensor& level) const {
  const int64_t n = x.extent(0), c = x.extent(3);
  const Tensors table = split(matched(embedding(weight, level), x), {c, c, c}, 1);
  const Tensor mu = mean(x, {{1, 2}}), centred = mu - mean(mu, {{1}, true});
  const double unbiased = double(c) / double(std::max<int64_t>(c - 1, 1));  // v with C - 1, as in NCSN's code
  const Tensor place = centred * rsqrt(mean(square(centred), {{1}, true}) * unbiased + eps);
  const Tensor shift = table[2] + table[1] * place;
  return group_norm(x, {}, {}, {.groups = c, .eps = eps}) * reshape(table[0], {n, 1, 1, c}) + reshape(shift, {n, 1, 1, c});
}

RefineNet::Layer::Layer(int64_t in, int64_t out, int64_t d, bool bias, int64_t levels, Generator& init)
    : norm(in, levels, init), conv(in, out, init, {.bias = bias}), dilation(d) {
  add("norm", norm);
  add("conv", conv);
}

Tensor RefineNet::Layer::operator()(const Tensor& x, const Tensor& level) const {
  return dilated_conv2d(elu(norm(x, level)), matched(conv.weight, x), matched(conv.bias, x), dilation);
}

RefineNet::Block::Block(const Form& f, int64_t levels, Generator& init)
    : first(f.in, f.in, f.dilation, f.bias, levels, init), second(f.in, f.out, f.dilation, f.bias, levels, init), halves(f.halves) {
  add("first", first);
  add("second", second);
  if (!f.with_skip) return;
  const Conv2dLayout pointwise{.kernel = 1, .padding = 0};
  skip.emplace(f.in, f.out, init, halves ? pointwise : Conv2dLayout{});
  add("skip", *skip);
}

Tensor RefineNet::Block::operator()(const Tensor& x, const Tensor& level) const {
  Tensor way = x;
  if (skip) way = halves ? (*skip)(x) : dilated_conv2d(x, matched(skip->weight, x), matched(skip->bias, x), first.dilation);
  const Tensor y = way + second(first(x, level), level);
  return halves ? avg_pool2d(y) : y;
}

RefineNet::Plain::Plain(int64_t in, int64_t out, bool bias, int64_t levels, Generator& init)
    : norm(in, levels, init), conv(in, out, init, {.bias = bias}) {
  add("norm", norm);
  add("conv", conv);
}

RefineNet::Refinement::Refinement(const std::vector<int64_t>& in, int64_t out, int64_t units, int64_t exit_units, int64_t levels, Generator& init)
    : units_of(in.size(), units) {
  for (const int64_t channels : in)
    for (int64_t k = 0; k < units; ++k) entry.emplace(Block::Form{.in = channels, .out = channels, .bias = false}, levels, init);
  if (in.size() > 1)
    for (const int64_t channels : in) fusion.emplace(channels, out, true, levels, init);
  for (int64_t k = 0; k < chain_length; ++k) chain.emplace(out, out, false, levels, init);
  for (int64_t k = 0; k < exit_units; ++k) exit.emplace(Block::Form{.in = out, .out = out, .bias = false}, levels, init);
  add("entry", entry);
  add("fusion", fusion);
  add("chain", chain);
  add("exit", exit);
}

Tensor RefineNet::Refinement::operator()(const Tensors& inputs, const Tensor& level) const {
  Tensor h;
  size_t unit = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    Tensor x = inputs[i];
    for (int64_t k = 0; k < units_of[i]; ++k) x = entry[unit++](x, level);
    if (fusion.size() > 0) x = resize_bilinear(fusion[i].conv(fusion[i].norm(x, level)), inputs[0].extent(1), inputs[0].extent(2));
    h = h.defined() ? h + x : x;
  }
  h = elu(h);
  Tensor path = h;
  for (size_t k = 0; k < chain.size(); ++k) {
    path = chain[k].conv(avg_pool2d(chain[k].norm(path, level), {.kernel = pooled, .stride = 1, .padding = pooled / 2}));
    h = h + path;
  }
  for (size_t k = 0; k < exit.size(); ++k) h = exit[k](h, level);
  return h;
}

RefineNet::RefineNet(const RefineNetOptions& o, Generator& init) : options_(checked(o)), first_(o.channels * o.patch * o.patch, o.base, init) {
  const int64_t narrow = o.base, wide = 2 * o.base;
  add("first", first_);
  stages_.emplace(Block::Form{.in = narrow, .out = narrow}, o.levels, init);
  stages_.emplace(Block::Form{.in = narrow, .out = narrow}, o.levels, init);
  stages_.emplace(Block::Form{.in = narrow, .out = wide, .halves = true, .with_skip = true}, o.levels, init);
  stages_.emplace(Block::Form{.in = wide, .out = wide}, o.levels, init);
  for (const int64_t dilation : {2, 4}) {
    stages_.emplace(Block::Form{.in = wide, .out = wide, .dilation = dilation, .with_skip = true}, o.levels, init);
    stages_.emplace(Block::Form{.in = wide, .out = wide, .dilation = dilation}, o.levels, init);
  }
  add("stages", stages_);
  refine_.emplace(std::vector<int64_t>{wide}, wide, o.units, 1, o.levels, init);
  refine_.emplace(std::vector<int64_t>{wide, wide}, wide, o.units, 1, o.levels, init);
  refine_.emplace(std::vector<int64_t>{wide, wide}, narrow, o.units, 1, o.levels, init);
  refine_.emplace(std::vector<int64_t>{narrow, narrow}, narrow, o.units, o.units + 1, o.levels, init);
  add("refine", refine_);
  norm_.emplace(narrow, o.levels, init);
  last_.emplace(narrow, o.channels * o.patch * o.patch, init);
  add("norm", *norm_);
  add("last", *last_);
}

Tensor RefineNet::operator()(const Tensor& images, const Tensor& t, const Tensor& labels, [[maybe_unused]] Generator& random) const {
  const int64_t multiple = 2 * options_.patch;
  ITO_CHECK(images.rank() == 4 && images.extent(3) == options_.channels && images.extent(1) % multiple == 0 && images.extent(2) % multiple == 0,
            "RefineNet: expected images (N, H, W, ", options_.channels, ") with sides that are multiples of ", multiple, ", got ", images.shape());
  ITO_CHECK(t.shape() == Shape{images.extent(0)}, "RefineNet: expected one noise level an image, got ", t.shape(), " for ", images.extent(0),
            " images");
  ITO_CHECK(!labels.defined(), "RefineNet: labels given, but the network has no classes");
  const Tensor level = level_indices(t, options_.levels, images.device());
  Tensors stages;
  Tensor x = first_(space_to_depth(images, options_.patch));
  for (size_t i = 0; i < stages_.size(); ++i) {
    x = stages_[i](x, level);
    if (i % 2 == 1) stages.push_back(x);
  }
  Tensor h = refine_[0]({stages[3]}, level);
  for (size_t i = 1; i < refine_.size(); ++i) h = refine_[i]({stages[3 - i], h}, level);
  return depth_to_space((*last_)(elu((*norm_)(h, level))), options_.patch);
}

Tensor dilated_conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, int64_t d) {
  ITO_CHECK(x.rank() == 4 && weight.rank() == 4 && weight.extent(1) == weight.extent(2) && weight.extent(1) % 2 == 1 && d >= 1,
            "[dilated_conv2d] expected images (N, H, W, C), an odd square window and a dilation of at least 1, got ", x.shape(), ", ", weight.shape(),
            " and ", d);
  const Conv2dOptions same{.padding = weight.extent(1) / 2};
  if (d == 1) return conv2d(x, weight, bias, same);
  const int64_t n = x.extent(0), c = x.extent(3), out = weight.extent(0), height = x.extent(1), width = x.extent(2);
  const int64_t h = (height + d - 1) / d, w = (width + d - 1) / d;
  Tensor whole = x;
  if (h * d != height || w * d != width) whole = pad(x, {{}, {0, h * d - height}, {0, w * d - width}, {}});
  const Tensor apart = reshape(permute(reshape(whole, {n, h, d, w, d, c}), {0, 2, 4, 1, 3, 5}), {n * d * d, h, w, c});
  const Tensor y = reshape(permute(reshape(conv2d(apart, weight, bias, same), {n, d, d, h, w, out}), {0, 3, 1, 4, 2, 5}), {n, h * d, w * d, out});
  return h * d == height && w * d == width ? y : slice(slice(y, 1, 0, height), 2, 0, width);
}

Tensor resize_bilinear(const Tensor& x, int64_t height, int64_t width) {
  ITO_CHECK(x.rank() == 4 && height >= 1 && width >= 1, "[resize_bilinear] expected images (N, H, W, C) and a size, got ", x.shape(), " and ", height,
            "x", width);
  const int64_t n = x.extent(0), h = x.extent(1), w = x.extent(2), c = x.extent(3);
  if (h == height && w == width) return x;
  const Tensor rows = matmul(interpolation(h, height, x), reshape(x, {n, h, w * c}));
  return reshape(matmul(interpolation(w, width, x), reshape(rows, {n * height, w, c})), {n, height, width, c});
}

}  // namespace ito
