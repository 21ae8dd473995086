#include "autograd/ops/permute.h"

#include <algorithm>
#include <numeric>

#include "autograd/op.h"
#include "autograd/ops/strided.h"

namespace ito {

namespace {
struct Permute : OpNamed<"permute"> {
  std::vector<int> order;
  explicit Permute(std::vector<int> o) : order(std::move(o)) {}

  Tensor forward(const Tensors& in) override {
    const Region all = whole_region(in[0].shape());
    Region region;
    for (const int axis : order) region.walk.axes.push_back(all.walk.axes[size_t(axis)]);
    return read_region(in[0], region);
  }

  Tensors backward(const Tensor& dy) override {
    std::vector<int> inverse(order.size());
    for (size_t k = 0; k < order.size(); ++k) inverse[size_t(order[k])] = int(k);
    return {permute(dy, inverse)};
  }
};
}  // namespace

Tensor permute(const Tensor& x, const std::vector<int>& order) {
  std::vector<int> axes;
  for (const int axis : order) axes.push_back(normal_axis("permute", axis, x.shape()));
  std::vector<int> sorted = axes, all(size_t(x.rank()));
  std::sort(sorted.begin(), sorted.end());
  std::iota(all.begin(), all.end(), 0);
  ITO_CHECK(sorted == all, "[permute] the order must name each axis of shape ", x.shape(), " once");
  return axes == all ? x : apply(std::make_shared<Permute>(axes), {x});
}

Tensor transpose(const Tensor& x, int a, int b) {
  std::vector<int> order(size_t(x.rank()));
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[size_t(normal_axis("transpose", a, x.shape()))], order[size_t(normal_axis("transpose", b, x.shape()))]);
  return permute(x, order);
}

}  // namespace ito
