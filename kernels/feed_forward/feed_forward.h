// A feed-forward layer's matmuls that have an activation f beside them, which otherwise reads and writes its tensors once more:
//   up             z = x U^T + bias      y (rows, hidden) = f(z)      slope (rows, hidden) = f'(z)      x (rows, in), U (hidden, in), bias (hidden)
//   up backward    dz (rows, hidden) = (dy D) slope                                                     dy (rows, out), D (out, hidden)
//   slope          y[i] = f(z[i])        slope[i] = f'(z[i])          what the first leaves over where matmul and activation are two kernels
// With the slope kept, the way back is a multiplication. f is one of with_activation's. Dense buffers; results are overwritten. In `up` slope may be
// null, in `slope` it may be z.
#pragma once

#include "kernels/bias_activation/bias_activation.h"
#include "kernels/matmul/matmul.h"

namespace ito::kernels {

template <class T>
using FeedForwardUp =
    Kernel<"feed_forward_up", T, void(UnaryKind f, const T* x, const T* up, const T* bias, T* y, T* slope, int64_t rows, int64_t in, int64_t hidden)>;
template <class T>
using FeedForwardUpBackward =
    Kernel<"feed_forward_up_backward", T, void(const T* dy, const T* down, const T* slope, T* dz, int64_t rows, int64_t out, int64_t hidden)>;
template <class T>
using FeedForwardSlope = Kernel<"feed_forward_slope", T, void(UnaryKind f, const T* z, T* y, T* slope, int64_t n)>;

constexpr Work feed_forward_slope_work(int64_t n, int64_t size) { return {.flops = double(2 * n), .bytes = double(3 * n * size)}; }

}  // namespace ito::kernels
