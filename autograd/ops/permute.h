// Axes in another order; tensors are dense, so the elements are copied. Any element type.
#pragma once

#include <vector>

#include "tensor/tensor.h"

namespace ito {

// y[i_order[0], i_order[1], ...] = x[i_0, i_1, ...]: axis k of the result is axis order[k] of x. Throws Error when order is no permutation.
Tensor permute(const Tensor& x, const std::vector<int>& order);
Tensor transpose(const Tensor& x, int a, int b);  // changes two axes over

}  // namespace ito
