// Joining and padding: the parts are copied into a new tensor. Any element type.
#pragma once

#include <utility>
#include <vector>

#include "tensor/tensor.h"

namespace ito {

// The parts one after the other along an axis; their other extents and types must agree.
Tensor concat(const Tensors& parts, int axis);
// Equal shapes along a new axis; axis in [-rank-1, rank].
Tensor stack(const Tensors& parts, int axis);

struct Padding {
  int64_t before = 0, after = 0;  // elements put in, at least 0
};
// One Padding an axis.
Tensor pad(const Tensor& x, const std::vector<Padding>& padding, double value = 0);

}  // namespace ito
