#include <cstdio>

#include "ito.h"
using namespace ito;

int main() {
  const Tensor x = variable(Tensor::from<float>({1, 2, 3}));
  const Tensor y = sum(x * sin(x));
  const Tensor dy = grad(y, {x}, {.create_graph = true})[0];  // sin x + x cos x, itself a function of x
  const Tensor d2y = grad(sum(dy), {x})[0];                   // 2 cos x - x sin x
  for (int i = 0; i < 3; ++i) std::printf("%8.5f %8.5f\n", dy.data<float>()[i], d2y.data<float>()[i]);
}
