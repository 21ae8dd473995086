// Sums over k x k windows of an image, channels last, and their adjoint: average pooling and nearest upsampling are both of these, scaled.
//   window_sum       y[n,i,j,c] = scale sum_{a,b < k} x[n, i stride - padding + a, j stride - padding + b, c]      outside the image: 0
//   window_spread    x[n,h,w,c] = scale sum of y[n,i,j,c] over the windows (i,j) that cover (h,w)
//   window_argmax    index[n,i,j,c] = h * width + w of the largest element in the window, the first of equals; a NaN is the largest
// x (batch, height, width, channels), y and index (batch, out_height, out_width, channels), overwritten. Sums go along the rows of a window, one
// after the other.
#pragma once

#include "kernels/registry.h"
#include "kernels/work.h"

namespace ito::kernels {

template <class Int>
struct WindowSizes {
  Int batch = 0, height = 0, width = 0, channels = 0, out_height = 0, out_width = 0;
  Int kernel = 1, stride = 1, padding = 0;

  struct Range {
    Int first, last;  // [first, last)
  };
  // The pixels of window i along an axis of `extent` pixels.
  ITO_HOST_DEVICE Range pixels(Int i, Int extent) const {
    const Int start = i * stride - padding;
    return {start < 0 ? Int(0) : start, start + kernel < extent ? start + kernel : extent};
  }
  // The windows, of `extent` along the axis, that cover pixel h.
  ITO_HOST_DEVICE Range windows(Int h, Int extent) const {
    const Int reach = h + padding - kernel + 1, end = (h + padding) / stride + 1;
    return {reach <= 0 ? Int(0) : (reach + stride - 1) / stride, end < extent ? end : extent};
  }
};
using WindowShape = WindowSizes<int64_t>;

template <class T>
using WindowSum = Kernel<"window_sum", T, void(const T* x, T* y, double scale, const WindowShape& shape)>;
template <class T>
using WindowSpread = Kernel<"window_spread", T, void(const T* y, T* x, double scale, const WindowShape& shape)>;
template <class T>
using WindowArgmax = Kernel<"window_argmax", T, void(const T* x, int64_t* index, const WindowShape& shape)>;

constexpr Work window_work(int64_t in, int64_t out, int64_t size) { return {.flops = double(in), .bytes = double((in + out) * size)}; }

}  // namespace ito::kernels
