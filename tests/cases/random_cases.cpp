#include "tensor/random.h"
#include "tests/cases/case.h"

namespace ito::checks {

namespace {
const Generator key{.seed = 11, .stream = 3, .call = 5};
}

ITO_CASES(uniform) {
  cases.push_back({.inputs = {Tensor::zeros({9001}, DType::f64)},
                   .f = [](const Tensors& in) { return uniform_from(in[0].shape(), key, 7, -2, 3, in[0].dtype(), in[0].device()); },
                   .gradients = false});
}
ITO_CASES(normal) {
  cases.push_back({.inputs = {Tensor::zeros({9001}, DType::f64)},
                   .f = [](const Tensors& in) { return normal_from(in[0].shape(), key, 7, in[0].dtype(), in[0].device()); },
                   .gradients = false});
}
ITO_CASES(randint) {
  cases.push_back({.inputs = {Tensor::zeros({9001}, DType::f64)},
                   .f = [](const Tensors& in) { return randint_from(in[0].shape(), -3, 1000, key, 7, in[0].device()); },
                   .gradients = false});
}

}  // namespace ito::checks
