// Running sums.
#pragma once

#include "tensor/tensor.h"

namespace ito {

Tensor cumsum(const Tensor& x, int axis);  // y[.., i, ..] = sum of x[.., 0 ... i, ..]

}  // namespace ito
