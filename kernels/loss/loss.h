// The two losses of the zoo, with their gradients. `scale` is the cotangent of the loss, one element.
//   mse             loss = 1/n sum_i (x_i - target_i)^2                              dx_i = scale 2/n (x_i - target_i)
//   cross_entropy   loss = 1/rows sum_r (log sum_k exp x[r,k] - x[r,label[r]])       dx[r,c] = scale/rows (softmax(x)[r,c] - [c == label[r]])
// loss is one element; all outputs are overwritten. 0 <= label < cols is the caller's promise.
#pragma once

#include "kernels/registry.h"
#include "kernels/work.h"

namespace ito::kernels {

template <class T>
using MseForward = Kernel<"mse_forward", T, void(const T* x, const T* target, T* loss, int64_t n)>;
template <class T>
using MseBackward = Kernel<"mse_backward", T, void(const T* x, const T* target, const T* scale, T* dx, int64_t n)>;
template <class T>
using CrossEntropyForward = Kernel<"cross_entropy_forward", T, void(const T* x, const int64_t* label, T* loss, int64_t rows, int64_t cols)>;
template <class T>
using CrossEntropyBackward =
    Kernel<"cross_entropy_backward", T, void(const T* x, const int64_t* label, const T* scale, T* dx, int64_t rows, int64_t cols)>;

constexpr Work mse_work(int64_t n, int64_t size) { return {.flops = double(3 * n), .bytes = double(2 * n * size)}; }

}  // namespace ito::kernels
