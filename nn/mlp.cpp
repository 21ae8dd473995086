#include "nn/mlp.h"

#include <algorithm>
#include <cmath>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/compare.h"
#include "autograd/ops/concat.h"
#include "autograd/ops/reshape.h"
#include "autograd/ops/unary.h"
#include "nn/time_embedding.h"

namespace ito {

namespace {
constexpr double slowest = 0.5, fastest = 20;  // radians a unit

const MlpOptions& checked(const MlpOptions& o) {
  ITO_CHECK(o.channels >= 1 && o.blocks >= 1 && o.waves >= 0 && o.width >= 4 && o.width % 2 == 0,
            "MLP: width must be even and at least 4, with at least one channel and one block, and no fewer waves than none");
  return o;
}
}  // namespace

Mlp::Block::Block(int64_t width, Generator& init) : up(width, width, init), down(width, width, init) {
  add("up", up);
  add("down", down);
}

Tensor Mlp::Block::operator()(const Tensor& h) const { return h + down(silu(up(silu(h)))); }

Mlp::Mlp(const MlpOptions& o, Generator& init)
    : options_(checked(o)),
      in_(o.channels * (1 + 2 * o.waves), o.width, init),
      time1_(o.width, o.width, init),
      time2_(o.width, o.width, init),
      last_(o.width, o.outputs > 0 ? o.outputs : o.channels, init) {
  add("in", in_);
  add("time1", time1_);
  add("time2", time2_);
  if (o.classes > 0) {
    label_.emplace(o.classes + 1, o.width, init);
    add("label", *label_);
  }
  for (int64_t i = 0; i < o.blocks; ++i) blocks_.emplace(o.width, init);
  add("blocks", blocks_);
  last_.weight.fill(0);
  last_.bias.fill(0);
  add("last", last_);
}

Tensor Mlp::seen(const Tensor& x) const {
  const int64_t n = x.extent(0), c = options_.channels, k = options_.waves;
  if (k == 0) return reshape(x, {n, c});
  const Tensor frequencies = Tensor::empty({k});
  for (int64_t i = 0; i < k; ++i)
    frequencies.data<float>()[i] = float(slowest * std::pow(fastest / slowest, double(i) / double(std::max<int64_t>(k - 1, 1))));
  const Tensor points = reshape(x, {n, c, 1}), angles = points * frequencies.to(x.dtype()).to(x.device());
  return reshape(concat({points, sin(angles), cos(angles)}, 2), {n, c * (1 + 2 * k)});
}

Tensor Mlp::operator()(const Tensor& x, const Tensor& t, const Tensor& labels, [[maybe_unused]] Generator& random) const {
  const Shape expected{x.rank() > 0 ? x.extent(0) : 0, 1, 1, options_.channels};
  ITO_CHECK(x.shape() == expected, "MLP: expected points (N, 1, 1, ", options_.channels, "), got ", x.shape());
  ITO_CHECK(t.shape() == Shape{x.extent(0)}, "MLP: expected one time a point, got ", t.shape(), " for ", x.extent(0), " points");
  ITO_CHECK(label_ || !labels.defined(), "MLP: labels given, but the network has no classes");
  Tensor e = time2_(silu(time1_(sinusoidal_embedding(t, options_.width))));
  if (label_) e = e + (*label_)(labels.defined() ? labels : Tensor::full({t.extent(0)}, double(options_.classes), DType::i64, t.device()));
  Tensor h = in_(seen(x)) + cast(e, x.dtype());
  for (size_t i = 0; i < blocks_.size(); ++i) h = blocks_[i](h);
  const Tensor y = last_(silu(h));
  return reshape(y, {x.extent(0), 1, 1, y.extent(1)});
}

}  // namespace ito
