// Matrix products, convolutions, attention, Fourier transforms: limited by arithmetic.
#include <cmath>

#include "bench/kernels/bench.h"
#include "kernels/attention/attention.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/feed_forward/feed_forward.h"
#include "kernels/fft/fft.h"
#include "kernels/matmul/matmul.h"
#include "kernels/peak/multiply_adds.h"

namespace ito::bench {

using namespace kernels;

ITO_BENCH(multiply_adds) {
  const int64_t n = s.large ? int64_t{1} << 16 : 4096, rounds = s.large ? 2000 : 10;
  const Tensor y = s.empty<float>({n});
  return {text(n, ", ", rounds, " rounds"), multiply_adds_work(n, rounds, 4),
          [=] { MultiplyAdds<float>::on(y.device())(y.data<float>(), n, 0.5f, rounds); }};
}

ITO_BENCH(matmul) {
  const int64_t n = s.large ? 1024 : 96;
  const Tensor a = s.normal<T>({n, n}), b = s.normal<T>({n, n}), y = s.empty<T>({n, n});
  const MatmulShape shape{.m = n, .n = n, .k = n};
  return {text(n, " x ", n, " x ", n), matmul_work(1, n, n, n, sizeof(T)),
          [=] { Matmul<T>::on(a.device())(a.data<T>(), b.data<T>(), nullptr, y.data<T>(), shape); }};
}

ITO_BENCH(feed_forward_up) {
  const int64_t rows = s.large ? 4096 : 32, in = s.large ? 128 : 32, hidden = 4 * in;
  const Tensor x = s.normal<T>({rows, in}), up = s.normal<T>({hidden, in}), bias = s.normal<T>({hidden}), y = s.empty<T>({rows, hidden}),
               slope = s.empty<T>({rows, hidden});
  return {text("GELU of ", rows, " x ", in, " x ", hidden), matmul_work(1, rows, hidden, in, sizeof(T)), [=] {
            FeedForwardUp<T>::on(x.device())(UnaryKind::gelu, x.data<T>(), up.data<T>(), bias.data<T>(), y.data<T>(), slope.data<T>(), rows, in,
                                             hidden);
          }};
}

ITO_BENCH(feed_forward_up_backward) {
  const int64_t rows = s.large ? 4096 : 32, out = s.large ? 128 : 32, hidden = 4 * out;
  const Tensor dy = s.normal<T>({rows, out}), down = s.normal<T>({out, hidden}), slope = s.normal<T>({rows, hidden}), dz = s.empty<T>({rows, hidden});
  return {text(rows, " x ", out, " x ", hidden), matmul_work(1, rows, hidden, out, sizeof(T)),
          [=] { FeedForwardUpBackward<T>::on(dy.device())(dy.data<T>(), down.data<T>(), slope.data<T>(), dz.data<T>(), rows, out, hidden); }};
}

namespace {
// 3x3, as in the middle of a U-Net.
Conv2dShape conv_shape(const Setup& s) {
  const int64_t side = s.large ? 16 : 8, channels = s.large ? 64 : 16;
  return {.batch = s.large ? 16 : 1,
          .height = side,
          .width = side,
          .in_channels = channels,
          .out_height = side,
          .out_width = side,
          .out_channels = channels,
          .kernel_height = 3,
          .kernel_width = 3,
          .padding = 1};
}
std::string name_of_shape(const Conv2dShape& c) {
  return text(c.batch, " images ", c.height, "x", c.width, ", 3x3, ", c.in_channels, " to ", c.out_channels, " channels");
}
Shape image_shape(const Conv2dShape& c) { return {c.batch, c.height, c.width, c.in_channels}; }
Shape weight_shape(const Conv2dShape& c) { return {c.out_channels, 3, 3, c.in_channels}; }
}  // namespace

ITO_BENCH(conv2d_forward) {
  const Conv2dShape c = conv_shape(s);
  const Tensor x = s.normal<T>(image_shape(c)), w = s.normal<T>(weight_shape(c)), y = Tensor::empty_like(x);
  return {name_of_shape(c), conv2d_work(c, sizeof(T)), [=] { Conv2dForward<T>::on(x.device())(x.data<T>(), w.data<T>(), nullptr, y.data<T>(), c); }};
}

ITO_BENCH(conv2d_data_gradient) {
  const Conv2dShape c = conv_shape(s);
  const Tensor dy = s.normal<T>(image_shape(c)), w = s.normal<T>(weight_shape(c)), dx = Tensor::empty_like(dy);
  return {name_of_shape(c), conv2d_work(c, sizeof(T)),
          [=] { Conv2dDataGradient<T>::on(dy.device())(dy.data<T>(), w.data<T>(), nullptr, dx.data<T>(), c); }};
}

ITO_BENCH(conv2d_weight_gradient) {
  const Conv2dShape c = conv_shape(s);
  const Tensor x = s.normal<T>(image_shape(c)), dy = s.normal<T>(image_shape(c)), dw = s.empty<T>(weight_shape(c));
  return {name_of_shape(c), conv2d_work(c, sizeof(T)), [=] { Conv2dWeightGradient<T>::on(x.device())(dy.data<T>(), x.data<T>(), dw.data<T>(), c); }};
}

namespace {
AttentionShape attention_shape(const Setup& s) {
  const int64_t tokens = s.large ? 256 : 40, channels = s.large ? 256 : 32;
  return {.batch = s.large ? 8 : 1,
          .queries = tokens,
          .keys = tokens,
          .channels = channels,
          .heads = s.large ? 4 : 2,
          .token_stride = channels,
          .scale = 0.125};
}
std::string name_of_shape(const AttentionShape& a) { return text(a.batch, " x ", a.queries, " tokens x ", a.channels, ", ", a.heads, " heads"); }
}  // namespace

ITO_BENCH(attention_forward) {
  const AttentionShape a = attention_shape(s);
  const Tensor q = s.normal<T>({a.batch, a.queries, a.channels}), y = Tensor::empty_like(q),
               lse = s.empty<accumulate_t<T>>({a.batch, a.heads, a.queries});
  return {name_of_shape(a), attention_work(a, sizeof(T)),
          [=] { AttentionForward<T>::on(q.device())(q.data<T>(), q.data<T>(), q.data<T>(), nullptr, y.data<T>(), lse.data<accumulate_t<T>>(), a); }};
}

ITO_BENCH(attention_backward) {
  const AttentionShape a = attention_shape(s);
  const Tensor q = s.normal<T>({a.batch, a.queries, a.channels}), y = Tensor::empty_like(q),
               lse = s.empty<accumulate_t<T>>({a.batch, a.heads, a.queries});
  const Tensor dq = Tensor::empty_like(q), dk = Tensor::empty_like(q), dv = Tensor::empty_like(q);
  AttentionForward<T>::on(q.device())(q.data<T>(), q.data<T>(), q.data<T>(), nullptr, y.data<T>(), lse.data<accumulate_t<T>>(), a);
  Work work = attention_work(a, sizeof(T));
  work.flops *= 2.5;
  work.bytes *= 2;
  return {name_of_shape(a), work, [=] {
            AttentionBackward<T>::on(q.device())(q.data<T>(), q.data<T>(), q.data<T>(), nullptr, y.data<T>(), lse.data<accumulate_t<T>>(),
                                                 q.data<T>(), dq.data<T>(), dk.data<T>(), dv.data<T>(), a);
          }};
}

ITO_BENCH(fft) {
  const int64_t batch = s.large ? 1024 : 4, n = s.large ? 1024 : 64;
  const Tensor x = s.normal<T>({batch, n, 2}), y = Tensor::empty_like(x);
  return {text(batch, " of length ", n), fft_work(batch, n, sizeof(T)),
          [=] { Fft<T>::on(x.device())(x.data<T>(), y.data<T>(), batch, n, 1, false); }};
}

}  // namespace ito::bench
