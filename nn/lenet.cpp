#include "nn/lenet.h"

#include "autograd/ops/pool2d.h"
#include "autograd/ops/reshape.h"
#include "autograd/ops/unary.h"

namespace ito {

namespace {
constexpr Conv2dLayout window{.kernel = 5, .padding = 0};
}

LeNet::LeNet(Generator& init, int64_t classes)
    : conv1(1, 32, init, window), conv2(32, 64, init, window), hidden(4 * 4 * 64, 84, init), out(84, classes, init), dropout(0.3) {
  add("conv1", conv1);
  add("conv2", conv2);
  add("hidden", hidden);
  add("out", out);
  add("dropout", dropout);
}

Tensor LeNet::features(const Tensor& x) const {
  ITO_CHECK(x.rank() == 4 && x.extent(1) == 28 && x.extent(2) == 28 && x.extent(3) == 1, "LeNet: expected images (N, 28, 28, 1), got ", x.shape());
  const Tensor small = max_pool2d(relu(conv1(x)));
  return relu(hidden(flatten(max_pool2d(relu(conv2(small))), 1)));
}

Tensor LeNet::operator()(const Tensor& x, Generator& random) const { return out(dropout(features(x), random)); }

}  // namespace ito
