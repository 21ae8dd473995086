// Softmax and its logarithm over rows. The maximum m of a row is taken off first, so that no exponential overflows.
//   softmax       y[r,c] = exp(x[r,c] - m[r]) / sum_k exp(x[r,k] - m[r])       dx[r,c] = y[r,c] (dy[r,c] - sum_k dy[r,k] y[r,k])
//   log_softmax   y[r,c] = x[r,c] - m[r] - log sum_k exp(x[r,k] - m[r])        dx[r,c] = dy[r,c] - exp(y[r,c]) sum_k dy[r,k]
// All buffers (rows, cols), dense, overwritten; y may be x, dx may be dy. A row of -inf throughout gives NaN, as 0/0 does.
#pragma once

#include "kernels/registry.h"
#include "kernels/work.h"

namespace ito::kernels {

template <class T>
using SoftmaxForward = Kernel<"softmax_forward", T, void(const T* x, T* y, int64_t rows, int64_t cols)>;
template <class T>
using SoftmaxBackward = Kernel<"softmax_backward", T, void(const T* y, const T* dy, T* dx, int64_t rows, int64_t cols)>;
template <class T>
using LogSoftmaxForward = Kernel<"log_softmax_forward", T, void(const T* x, T* y, int64_t rows, int64_t cols)>;
template <class T>
using LogSoftmaxBackward = Kernel<"log_softmax_backward", T, void(const T* y, const T* dy, T* dx, int64_t rows, int64_t cols)>;

constexpr Work softmax_work(int64_t rows, int64_t cols, int64_t size) {
  return {.flops = double(5 * rows * cols), .bytes = double(2 * rows * cols * size)};
}

}  // namespace ito::kernels
