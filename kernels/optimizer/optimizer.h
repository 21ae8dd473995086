// Steps of gradient descent, in place, elementwise; one call takes all tensors of a network.
//   sgd    v = momentum v + g + weight_decay p,   p -= lr v                                       (Sutskever et al. 2013, as PyTorch has it)
//   adam   g' = g + l2 p,   p -= lr decay p,   m = b1 m + (1 - b1) g',   v = b2 v + (1 - b2) g'^2,
//          p -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)        (Kingma & Ba 2015, alg. 1; decay: Loshchilov & Hutter 2019, alg. 2)
//   ema    e += (1 - decay) (p - e)
// and the squared norm of a gradient:
//   sum_of_squares   *y = sum of x[i]^2 over all tensors, in double, in an order that depends on their sizes only
// g is multiplied by `gradient_scale` first: clipping by the global norm needs no pass of its own.
#pragma once

#include <span>

#include "kernels/registry.h"
#include "kernels/work.h"

namespace ito::kernels {

struct SgdStep {
  double lr = 0, momentum = 0, weight_decay = 0, gradient_scale = 1;
};
struct AdamStep {
  double lr = 0, beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  double l2 = 0, decay = 0;  // weight decay of Adam and of AdamW
  double gradient_scale = 1;
  int64_t t = 1;  // number of this step, from 1
};

// Tensors of n elements; a call's do not overlap.
template <class T>
struct SgdTensor {
  T* p;
  const T* g;
  T* v;
  int64_t n;
};
template <class T>
struct AdamTensor {
  T* p;
  const T* g;
  T *m, *v;
  int64_t n;
};
template <class T>
struct EmaTensor {
  T* e;
  const T* p;
  int64_t n;
};
template <class T>
struct SquaresTensor {
  const T* x;
  int64_t n;
};

template <class T>
using Sgd = Kernel<"sgd", T, void(std::span<const SgdTensor<T>> tensors, const SgdStep& step)>;
template <class T>
using Adam = Kernel<"adam", T, void(std::span<const AdamTensor<T>> tensors, const AdamStep& step)>;
template <class T>
using Ema = Kernel<"ema", T, void(std::span<const EmaTensor<T>> tensors, double decay)>;
template <class T>
using SumOfSquares = Kernel<"sum_of_squares", T, void(std::span<const SquaresTensor<T>> tensors, double* y)>;

constexpr Work adam_work(int64_t n, int64_t size) { return {.flops = double(12 * n), .bytes = double(7 * n * size)}; }

}  // namespace ito::kernels
