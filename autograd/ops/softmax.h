// Softmax and log-softmax along one axis; formulas in kernels/softmax/softmax.h.
#pragma once

#include "tensor/tensor.h"

namespace ito {

Tensor softmax(const Tensor& x, int axis = -1);
Tensor log_softmax(const Tensor& x, int axis = -1);

}  // namespace ito
