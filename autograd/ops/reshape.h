// The same elements under another shape: a view, so no copy is made. One extent may be -1 and is worked out.
#pragma once

#include "tensor/tensor.h"

namespace ito {

Tensor reshape(const Tensor& x, const Shape& shape);
Tensor unsqueeze(const Tensor& x, int axis);                // puts in an axis of extent 1; axis in [-rank-1, rank]
Tensor squeeze(const Tensor& x, int axis);                  // takes out an axis of extent 1; Error otherwise
Tensor flatten(const Tensor& x, int first, int last = -1);  // merges the axes first..last

}  // namespace ito
