// The ladder's first rung, the three formulas of conv2d.h as they stand. The others are in conv2d_implicit_cuda.cu and conv2d_tensor_cuda.cu.
//
// 1. naive    a thread a result: two loads for every multiplication. Neighbouring threads are neighbouring channels, so that the image (forward,
//             weight gradient) is read by all at one address or at neighbouring ones. The weight gradient has few threads with long sums.
#include "kernels/conv2d/conv2d.h"
#include "kernels/cuda/cuda.h"

namespace ito::kernels {

namespace {

constexpr int threads = 256;

template <class T>
__global__ void __launch_bounds__(threads) forward_one(const T* x, const T* w, const T* bias, T* y, Conv2dShape s, int64_t results) {
  using A = accumulate_t<T>;
  const int64_t e = global_thread();
  if (e >= results) return;
  const int64_t pixel = e / s.out_channels, o = e - pixel * s.out_channels;
  const int64_t line = pixel / s.out_width, j = pixel - line * s.out_width, n = line / s.out_height, i = line - n * s.out_height;
  const int64_t cin = s.in_channels / s.groups, group = o / (s.out_channels / s.groups);
  A sum = 0;
  for (int64_t u = 0; u < s.kernel_height; ++u)
    for (int64_t v = 0; v < s.kernel_width; ++v) {
      const int64_t a = i * s.stride - s.padding + u, b = j * s.stride - s.padding + v;
      if (a < 0 || a >= s.height || b < 0 || b >= s.width) continue;
      const T* in = x + ((n * s.height + a) * s.width + b) * s.in_channels + group * cin;
      const T* weights = w + ((o * s.kernel_height + u) * s.kernel_width + v) * cin;
      for (int64_t c = 0; c < cin; ++c) sum += A(in[c]) * A(weights[c]);
    }
  y[e] = T(bias ? sum + A(bias[o]) : sum);
}

template <class T>
__global__ void __launch_bounds__(threads) data_gradient_one(const T* dy, const T* w, const T* bias, T* dx, Conv2dShape s, int64_t results) {
  using A = accumulate_t<T>;
  const int64_t e = global_thread();
  if (e >= results) return;
  const int64_t pixel = e / s.in_channels, channel = e - pixel * s.in_channels;
  const int64_t line = pixel / s.width, b = pixel - line * s.width, n = line / s.height, a = line - n * s.height;
  const int64_t cin = s.in_channels / s.groups, cout = s.out_channels / s.groups, group = channel / cin, c = channel % cin;
  const int64_t tap = s.kernel_height * s.kernel_width * cin;  // from one output channel's weights to the next
  A sum = 0;
  for (int64_t u = 0; u < s.kernel_height; ++u)
    for (int64_t v = 0; v < s.kernel_width; ++v) {
      const int64_t si = a + s.padding - u, sj = b + s.padding - v;  // stride times the output's pixel
      if (si < 0 || sj < 0 || si % s.stride != 0 || sj % s.stride != 0) continue;
      const int64_t i = si / s.stride, j = sj / s.stride;
      if (i >= s.out_height || j >= s.out_width) continue;
      const T* gradient = dy + ((n * s.out_height + i) * s.out_width + j) * s.out_channels + group * cout;
      const T* weights = w + ((group * cout * s.kernel_height + u) * s.kernel_width + v) * cin + c;
      for (int64_t o = 0; o < cout; ++o) sum += A(gradient[o]) * A(weights[o * tap]);
    }
  dx[e] = T(bias ? sum + A(bias[channel]) : sum);
}

template <class T>
__global__ void __launch_bounds__(threads) weight_gradient_one(const T* dy, const T* x, T* dw, Conv2dShape s, int64_t results) {
  using A = accumulate_t<T>;
  const int64_t e = global_thread();
  if (e >= results) return;
  const int64_t cin = s.in_channels / s.groups, c = e % cin, v = e / cin % s.kernel_width, u = e / (cin * s.kernel_width) % s.kernel_height;
  const int64_t o = e / (cin * s.kernel_width * s.kernel_height), group = o / (s.out_channels / s.groups);
  A sum = 0;
  for (int64_t n = 0; n < s.batch; ++n)
    for (int64_t i = 0; i < s.out_height; ++i) {
      const int64_t a = i * s.stride - s.padding + u;
      if (a < 0 || a >= s.height) continue;
      for (int64_t j = 0; j < s.out_width; ++j) {
        const int64_t b = j * s.stride - s.padding + v;
        if (b < 0 || b >= s.width) continue;
        sum += A(dy[((n * s.out_height + i) * s.out_width + j) * s.out_channels + o]) *
               A(x[((n * s.height + a) * s.width + b) * s.in_channels + group * cin + c]);
      }
    }
  dw[e] = T(sum);
}

unsigned blocks(int64_t results) { return unsigned((results + threads - 1) / threads); }

template <class T>
void forward_naive(const T* x, const T* w, const T* bias, T* y, const Conv2dShape& s) {
  const int64_t results = s.batch * s.out_height * s.out_width * s.out_channels;
  if (results > 0) launch(&forward_one<T>, {blocks(results), threads}, x, w, bias, y, s, results);
}

template <class T>
void data_gradient_naive(const T* dy, const T* w, const T* bias, T* dx, const Conv2dShape& s) {
  const int64_t results = s.batch * s.height * s.width * s.in_channels;
  if (results > 0) launch(&data_gradient_one<T>, {blocks(results), threads}, dy, w, bias, dx, s, results);
}

template <class T>
void weight_gradient_naive(const T* dy, const T* x, T* dw, const Conv2dShape& s) {
  const int64_t results = s.out_channels * s.kernel_height * s.kernel_width * (s.in_channels / s.groups);
  if (results > 0) launch(&weight_gradient_one<T>, {blocks(results), threads}, dy, x, dw, s, results);
}

}  // namespace

ITO_REGISTER_KERNEL(Conv2dForward, Device::cuda, "naive", forward_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(Conv2dDataGradient, Device::cuda, "naive", data_gradient_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(Conv2dWeightGradient, Device::cuda, "naive", weight_gradient_naive, float, double, bfloat16);

}  // namespace ito::kernels
