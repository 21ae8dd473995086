#include <cstdio>

#include "ito.h"
using namespace ito;

struct Gated : Module {  // tanh(A x) * sigmoid(B x), one layer of a WaveNet
  Linear a, b;
  Gated(int64_t in, int64_t out, Generator& init) : a(in, out, init), b(in, out, init) {
    add("a", a);
    add("b", b);
  }
  Tensor operator()(const Tensor& x) const { return tanh(a(x)) * sigmoid(b(x)); }
};

int main() {
  Generator init{.seed = 1};
  const Gated layer(2, 1, init);
  const Tensor x = Tensor::from<float>({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2}), target = Tensor::from<float>({0, 0, 0, 0.9f}, {4, 1});
  Adam adam(layer.parameters());
  for (int step = 0; step <= 400; ++step) {
    clear_gradients(layer.parameters());
    const Tensor loss = mse_loss(layer(x), target);
    backward(loss);
    adam.step({.lr = 0.05});
    if (step % 200 == 0) std::printf("step %3d  loss %.4f\n", step, loss.item());
  }
}
