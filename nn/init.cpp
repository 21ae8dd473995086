#include "nn/init.h"

#include <cmath>

namespace ito {

Fans fans_of(const Shape& weight) {
  ITO_CHECK(weight.rank() >= 2, "a weight has at least two axes, got ", weight);
  const int64_t window = weight.product(1, weight.rank() - 1);
  return {window * weight.back(), window * weight[0]};
}

Tensor kaiming_uniform(const Shape& weight, double gain, Generator& generator) {
  const double bound = gain * std::sqrt(3 / double(fans_of(weight).in));
  return uniform(weight, generator, -bound, bound);
}

Tensor glorot_uniform(const Shape& weight, double scale, Generator& generator) {
  const Fans fans = fans_of(weight);
  const double bound = std::sqrt(6 * scale / double(fans.in + fans.out));
  return uniform(weight, generator, -bound, bound);
}

}  // namespace ito
