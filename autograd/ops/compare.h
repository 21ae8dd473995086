// Comparison, choice and conversion of elements. Shapes broadcast by NumPy's rule.
#pragma once

#include "tensor/tensor.h"

namespace ito {

// Two tensors of one type, any, -> bool. With NaN only not_equal is true. No gradient.
Tensor equal(const Tensor& a, const Tensor& b);
Tensor not_equal(const Tensor& a, const Tensor& b);
Tensor less(const Tensor& a, const Tensor& b);
Tensor less_equal(const Tensor& a, const Tensor& b);
Tensor greater(const Tensor& a, const Tensor& b);
Tensor greater_equal(const Tensor& a, const Tensor& b);

// a where the condition (bool) holds, else b, which has a's floating type. Each gets the gradient where it was chosen.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);

// x as another type; between floating types the gradient is converted back.
Tensor cast(const Tensor& x, DType dtype);

}  // namespace ito
