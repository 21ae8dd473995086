// A small classifier of 28x28 grey images in the manner of LeNet-5 (LeCun et al. 1998): two convolutions with pooling, then 84 features, then
// classes. Its features and its confidence score generated digits.
#pragma once

#include "nn/layers.h"

namespace ito {

struct LeNet : Module {
  Conv2d conv1, conv2;
  Linear hidden, out;
  Dropout dropout;

  explicit LeNet(Generator& init, int64_t classes = 10);
  // x (N, 28, 28, 1) in [-1, 1] -> (N, 84), and -> logits (N, classes). Throws Error for another size.
  Tensor features(const Tensor& x) const;
  Tensor operator()(const Tensor& x, Generator& random) const;
};

}  // namespace ito
