#include "kernels/peak/multiply_adds.h"
#include "tests/cases/case.h"

namespace ito::checks {

ITO_CASES(multiply_adds) {
  for (const int64_t n : {0, 1, 255, 257, 2049})
    cases.push_back({.inputs = {normal_values({n})},
                     .f =
                         [](const Tensors& in) {
                           const Tensor y = in[0].clone();
                           dispatch<float, double>(y.dtype(), "multiply_adds",
                                                   [&]<class T>() { kernels::MultiplyAdds<T>::on(y.device())(y.data<T>(), y.numel(), T(0.5), 7); });
                           return y;
                         },
                     .gradients = false});
}

}  // namespace ito::checks
