// The two adjoint ops under permute, slice, flip, pad and concat (formulas in kernels/strided/strided.h).
#pragma once

#include "kernels/strided/strided.h"
#include "tensor/tensor.h"

namespace ito {

// A part of a dense tensor: which elements, in which order.
struct Region {
  int64_t first = 0;   // the element of coordinate 0
  kernels::Walk walk;  // one axis per axis of the part
};

std::vector<int64_t> dense_strides(const Shape& shape);
// The dense tensor `whole`, seen as the region that is all of it.
Region whole_region(const Shape& whole);

// y = the region of x, dense, of the walk's extents.
Tensor read_region(const Tensor& x, const Region& region);
// y of shape `whole`, x in the region, `value` elsewhere.
Tensor write_region(const Tensor& x, const Region& region, const Shape& whole, double value = 0);
// The same in place, without gradient: x is copied into the region of y.
void copy_into_region(const Tensor& x, const Tensor& y, const Region& region);

}  // namespace ito
