// Parts of a tensor along an axis, copied. Any element type.
#pragma once

#include <vector>

#include "tensor/tensor.h"

namespace ito {

// y[.., i, ..] = x[.., first + i step, ..] up to but without `last`; negative bounds count from the end, step >= 1.
// Throws Error when the bounds leave the axis.
Tensor slice(const Tensor& x, int axis, int64_t first, int64_t last, int64_t step = 1);
// Consecutive parts of the given extents, which must add up to the axis.
Tensors split(const Tensor& x, const std::vector<int64_t>& extents, int axis);
// The axes named, backwards.
Tensor flip(const Tensor& x, const std::vector<int>& axes);

}  // namespace ito
