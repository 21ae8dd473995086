#include "autograd/ops/pool2d.h"

#include "autograd/op.h"
#include "autograd/ops/index.h"
#include "autograd/ops/reshape.h"
#include "kernels/window/window.h"

namespace ito {

namespace {

using Geometry = kernels::WindowShape;

Shape x_shape(const Geometry& s) { return {s.batch, s.height, s.width, s.channels}; }
Shape y_shape(const Geometry& s) { return {s.batch, s.out_height, s.out_width, s.channels}; }

Tensor window_sum(const Tensor& x, const Geometry& s, double scale);
Tensor window_spread(const Tensor& y, const Geometry& s, double scale);

// <sum(x), g> = <x, spread(g)>: each is the other's gradient.
struct WindowSum : OpNamed<"window_sum"> {
  Geometry s;
  double scale;
  WindowSum(const Geometry& geometry, double factor) : s(geometry), scale(factor) {}

  Tensor forward(const Tensors& in) override {
    Tensor y = Tensor::empty(y_shape(s), in[0].dtype(), in[0].device());
    dispatch<float, double, bfloat16>(y.dtype(), name(),
                                      [&]<class T>() { kernels::WindowSum<T>::on(y.device())(in[0].data<T>(), y.data<T>(), scale, s); });
    return y;
  }
  Tensors backward(const Tensor& dy) override { return {window_spread(dy, s, scale)}; }
};

struct WindowSpread : OpNamed<"window_spread"> {
  Geometry s;
  double scale;
  WindowSpread(const Geometry& geometry, double factor) : s(geometry), scale(factor) {}

  Tensor forward(const Tensors& in) override {
    Tensor x = Tensor::empty(x_shape(s), in[0].dtype(), in[0].device());
    dispatch<float, double, bfloat16>(x.dtype(), name(),
                                      [&]<class T>() { kernels::WindowSpread<T>::on(x.device())(in[0].data<T>(), x.data<T>(), scale, s); });
    return x;
  }
  Tensors backward(const Tensor& dx) override { return {window_sum(dx, s, scale)}; }
};

Tensor window_sum(const Tensor& x, const Geometry& s, double scale) { return apply(std::make_shared<WindowSum>(s, scale), {x}); }
Tensor window_spread(const Tensor& y, const Geometry& s, double scale) { return apply(std::make_shared<WindowSpread>(s, scale), {y}); }

Geometry geometry(const char* op, const Tensor& x, const Pool2dOptions& o) {
  ITO_CHECK(x.rank() == 4, "[", op, "] expected (N, H, W, C), got ", x.shape());
  ITO_CHECK(o.kernel >= 1 && o.stride >= 1 && o.padding >= 0 && 2 * o.padding <= o.kernel, "[", op, "] kernel ", o.kernel, ", stride ", o.stride,
            ", padding ", o.padding, ": the first two must be at least 1, the padding at most half of the kernel");
  Geometry s{.batch = x.extent(0), .height = x.extent(1), .width = x.extent(2), .channels = x.extent(3)};
  s.kernel = o.kernel;
  s.stride = o.stride;
  s.padding = o.padding;
  ITO_CHECK(s.height + 2 * o.padding >= o.kernel && s.width + 2 * o.padding >= o.kernel, "[", op, "] window ", o.kernel, "x", o.kernel,
            " is larger than the padded image ", s.height + 2 * o.padding, "x", s.width + 2 * o.padding);
  s.out_height = (s.height + 2 * o.padding - o.kernel) / o.stride + 1;
  s.out_width = (s.width + 2 * o.padding - o.kernel) / o.stride + 1;
  return s;
}

}  // namespace

Tensor avg_pool2d(const Tensor& x, const Pool2dOptions& o) { return window_sum(x, geometry("avg_pool2d", x, o), 1 / double(o.kernel * o.kernel)); }

// The largest elements are gathered, so that any order of derivatives follows from gather's.
Tensor max_pool2d(const Tensor& x, const Pool2dOptions& o) {
  const Geometry s = geometry("max_pool2d", x, o);
  const Tensor index = Tensor::empty({s.batch, s.out_height * s.out_width, s.channels}, DType::i64, x.device());
  dispatch<float, double, bfloat16>(x.dtype(), "max_pool2d",
                                    [&]<class T>() { kernels::WindowArgmax<T>::on(x.device())(x.data<T>(), index.data<int64_t>(), s); });
  return reshape(gather(reshape(x, {s.batch, s.height * s.width, s.channels}), 1, index), y_shape(s));
}

Tensor upsample_nearest(const Tensor& x, int64_t factor) {
  ITO_CHECK(x.rank() == 4 && factor >= 1, "[upsample_nearest] expected (N, H, W, C) and a factor of at least 1, got ", x.shape(), " and ", factor);
  Geometry s{.batch = x.extent(0), .height = x.extent(1) * factor, .width = x.extent(2) * factor, .channels = x.extent(3)};
  s.out_height = x.extent(1);
  s.out_width = x.extent(2);
  s.kernel = s.stride = factor;
  return window_spread(x, s, 1);
}

}  // namespace ito
