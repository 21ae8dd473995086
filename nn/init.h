// Initial weights.
#pragma once

#include "tensor/random.h"

namespace ito {

// The number of inputs and outputs that a weight connects: (out, in) or (out, kh, kw, in).
struct Fans {
  int64_t in, out;
};
Fans fans_of(const Shape& weight);

// U(-b, b) with b = gain sqrt(3 / fan_in): variance gain^2 / fan_in. He et al. 2015, eq. 10 with gain sqrt(2); PyTorch's layers have gain 1/sqrt(3).
Tensor kaiming_uniform(const Shape& weight, double gain, Generator& generator);
// U(-b, b) with b = sqrt(6 scale / (fan_in + fan_out)). Glorot & Bengio 2010, eq. 16; Ho et al. 2020 use it throughout (scale 1, and 0 for last
// layers).
Tensor glorot_uniform(const Shape& weight, double scale, Generator& generator);

}  // namespace ito
