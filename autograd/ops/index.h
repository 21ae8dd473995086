// Reading and adding at given places; index tensors are i64. Every index is checked: an Error names the first that is out of range.
#pragma once

#include "tensor/tensor.h"

namespace ito {

// y[.., i, ..] = x[.., index[.., i, ..], ..]; index has x's rank and, off the axis, x's extents.
Tensor gather(const Tensor& x, int axis, const Tensor& index);
// A copy of x with source[.., i, ..] added at index[.., i, ..] along the axis, in the order of i.
Tensor scatter_add(const Tensor& x, int axis, const Tensor& index, const Tensor& source);
// The slices of x along the axis that `index` (K) names, in that order.
Tensor index_select(const Tensor& x, int axis, const Tensor& index);
// Rows of a table: weight (V, D), index of any shape -> (shape of index, D).
Tensor embedding(const Tensor& weight, const Tensor& index);

}  // namespace ito
