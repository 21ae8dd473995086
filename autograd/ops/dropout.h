// Dropout; formula in kernels/dropout/dropout.h.
#pragma once

#include "tensor/random.h"

namespace ito {

// Each element is 0 with probability p, 0 <= p < 1, and divided by 1 - p otherwise. Takes the next call number of `generator`.
Tensor dropout(const Tensor& x, double p, Generator& generator);

}  // namespace ito
