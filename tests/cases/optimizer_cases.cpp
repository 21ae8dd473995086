// The optimisers' kernels: two steps in place on copies of the inputs, all buffers shown. Against papers and PyTorch: tests/nn/test_optim.cpp.
#include "autograd/ops/concat.h"
#include "kernels/optimizer/optimizer.h"
#include "tests/cases/case.h"

namespace ito::checks {

namespace {
Tensors copies(const Tensors& in) {
  Tensors out;
  for (const Tensor& x : in) out.push_back(x.clone());
  return out;
}

// Parameters, gradients and `states` zero buffers.
Tensors buffers(int64_t n, int states) {
  Tensors out{normal_values({n}), normal_values({n}, 0, 1, 2)};
  for (int i = 0; i < states; ++i) out.push_back(Tensor::zeros({n}, DType::f64));
  return out;
}

void add(std::vector<Case>& cases, int states, const std::function<void(const Tensors&, int)>& step) {
  for (const int64_t n : {1, 33, 40000})
    cases.push_back({.inputs = buffers(n, states),
                     .f =
                         [step](const Tensors& in) {
                           const Tensors own = copies(in);
                           for (const int t : {1, 2}) step(own, t);
                           return concat(own, 0);
                         },
                     .gradients = false});
}
}  // namespace

ITO_CASES(sgd) {
  add(cases, 1, [](const Tensors& b, int) {
    dispatch<float, double>(b[0].dtype(), "sgd", [&]<class T>() {
      kernels::Sgd<T>::on(b[0].device())(b[0].data<T>(), b[1].data<T>(), b[2].data<T>(), b[0].numel(), {0.1, 0.9, 0.01, 0.5});
    });
  });
}

ITO_CASES(adam) {
  for (const auto& [l2, decay] : {std::pair{0.0, 0.0}, {0.1, 0.0}, {0.0, 0.1}})
    add(cases, 2, [l2 = l2, decay = decay](const Tensors& b, int t) {
      kernels::AdamStep step{.lr = 0.01};
      step.l2 = l2;
      step.decay = decay;
      step.gradient_scale = 0.7;
      step.t = t;
      dispatch<float, double>(b[0].dtype(), "adam", [&]<class T>() {
        kernels::Adam<T>::on(b[0].device())(b[0].data<T>(), b[1].data<T>(), b[2].data<T>(), b[3].data<T>(), b[0].numel(), step);
      });
    });
}

ITO_CASES(ema) {
  add(cases, 0, [](const Tensors& b, int) {
    dispatch<float, double>(b[0].dtype(), "ema",
                            [&]<class T>() { kernels::Ema<T>::on(b[0].device())(b[0].data<T>(), b[1].data<T>(), b[0].numel(), 0.99); });
  });
}

ITO_CASES(sum_of_squares) {
  for (const int64_t n : {0, 1, 31, 40000})
    cases.push_back({.inputs = {normal_values({n})},
                     .f =
                         [](const Tensors& in) {
                           Tensor y = Tensor::empty({}, DType::f64, in[0].device());
                           dispatch<float, double>(in[0].dtype(), "sum_of_squares", [&]<class T>() {
                             kernels::SumOfSquares<T>::on(in[0].device())(in[0].data<T>(), y.data<double>(), in[0].numel());
                           });
                           return y;
                         },
                     .gradients = false});
}

}  // namespace ito::checks
