#include "autograd/ops/slice.h"

#include <numeric>

#include "autograd/ops/strided.h"

namespace ito {

Tensor slice(const Tensor& x, int axis, int64_t first, int64_t last, int64_t step) {
  const size_t i = size_t(normal_axis("slice", axis, x.shape()));
  const int64_t extent = x.shape()[i], from = first < 0 ? first + extent : first, to = last < 0 ? last + extent : last;
  ITO_CHECK(step >= 1 && 0 <= from && from <= to && to <= extent, "[slice] ", first, " to ", last, " in steps of ", step, " is outside axis ", axis,
            " of shape ", x.shape());
  Region region = whole_region(x.shape());
  auto& walk = region.walk.axes[i];
  region.first = from * walk.stride;
  walk = {(to - from + step - 1) / step, walk.stride * step};
  return read_region(x, region);
}

Tensors split(const Tensor& x, const std::vector<int64_t>& extents, int axis) {
  ITO_CHECK(std::accumulate(extents.begin(), extents.end(), int64_t(0)) == x.extent(axis), "[split] the parts do not add up to axis ", axis,
            " of shape ", x.shape());
  Tensors parts;
  int64_t first = 0;
  for (const int64_t extent : extents) {
    parts.push_back(slice(x, axis, first, first + extent));
    first += extent;
  }
  return parts;
}

Tensor flip(const Tensor& x, const std::vector<int>& axes) {
  Region region = whole_region(x.shape());
  for (const int axis : axes) {
    auto& walk = region.walk.axes[size_t(normal_axis("flip", axis, x.shape()))];
    ITO_CHECK(walk.stride >= 0, "[flip] axis ", axis, " is named twice");
    region.first += (walk.extent - 1) * walk.stride;
    walk.stride = -walk.stride;
  }
  return x.numel() == 0 ? x : read_region(x, region);
}

}  // namespace ito
