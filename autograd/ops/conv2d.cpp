// The three convolutions are the partial derivatives of one trilinear form  f(x, w, g) = <conv2d(x, w), g>,
// so each one's gradients are the other two, to any order:
//   y  = conv2d(x, w)            dx = data_gradient(dy, w)     dw = weight_gradient(dy, x)
//   dx = data_gradient(g, w)     dg = conv2d(dx', w)           dw = weight_gradient(g, dx')
//   dw = weight_gradient(g, x)   dg = conv2d(x, dw')           dx = data_gradient(g, dw')
#include "autograd/ops/conv2d.h"

#include "autograd/op.h"
#include "autograd/ops/reduce.h"
#include "autograd/profile.h"
#include "kernels/conv2d/conv2d.h"

namespace ito {

namespace {

using Geometry = kernels::Conv2dShape;

void profile(const Geometry& s, DType dtype) { profile_flops(kernels::conv2d_work(s, int64_t(size_of(dtype))).flops); }

Shape x_shape(const Geometry& s) { return {s.batch, s.height, s.width, s.in_channels}; }
Shape y_shape(const Geometry& s) { return {s.batch, s.out_height, s.out_width, s.out_channels}; }
Shape w_shape(const Geometry& s) { return {s.out_channels, s.kernel_height, s.kernel_width, s.in_channels / s.groups}; }

template <class T>
const T* bias_data(const Tensor& bias) {
  return bias.defined() ? bias.data<T>() : nullptr;
}

Tensor sum_over_pixels(const Tensor& dy) { return sum(dy, {{0, 1, 2}}); }

Tensor convolve(const Tensor& x, const Tensor& w, const Tensor& bias, const Geometry& s);
Tensor data_gradient(const Tensor& dy, const Tensor& w, const Tensor& bias, const Geometry& s);
Tensor weight_gradient(const Tensor& dy, const Tensor& x, const Geometry& s);

struct Conv2d : OpNamed<"conv2d"> {
  Geometry s;
  Saved x{*this}, w{*this};
  explicit Conv2d(const Geometry& geometry) : s(geometry) {}

  Tensor forward(const Tensors& in) override {
    if (needs_gradient(1)) x.save(in[0]);
    if (needs_gradient(0)) w.save(in[1]);
    Tensor y = Tensor::empty(y_shape(s), in[0].dtype(), in[0].device());
    profile(s, y.dtype());
    dispatch<float, double, bfloat16>(y.dtype(), name(), [&]<class T>() {
      kernels::Conv2dForward<T>::on(y.device())(in[0].data<T>(), in[1].data<T>(), bias_data<T>(in[2]), y.data<T>(), s);
    });
    return y;
  }

  Tensors backward(const Tensor& dy) override {
    return {needs_gradient(0) ? data_gradient(dy, w, {}, s) : Tensor(), needs_gradient(1) ? weight_gradient(dy, x, s) : Tensor(),
            needs_gradient(2) ? sum_over_pixels(dy) : Tensor()};
  }
};

struct ConvTranspose2d : OpNamed<"conv_transpose2d"> {
  Geometry s;  // of the convolution whose data gradient this is
  Saved dy{*this}, w{*this};
  explicit ConvTranspose2d(const Geometry& geometry) : s(geometry) {}

  Tensor forward(const Tensors& in) override {
    if (needs_gradient(1)) dy.save(in[0]);
    if (needs_gradient(0)) w.save(in[1]);
    Tensor dx = Tensor::empty(x_shape(s), in[0].dtype(), in[0].device());
    profile(s, dx.dtype());
    dispatch<float, double, bfloat16>(dx.dtype(), name(), [&]<class T>() {
      kernels::Conv2dDataGradient<T>::on(dx.device())(in[0].data<T>(), in[1].data<T>(), bias_data<T>(in[2]), dx.data<T>(), s);
    });
    return dx;
  }

  Tensors backward(const Tensor& g) override {
    return {needs_gradient(0) ? convolve(g, w, {}, s) : Tensor(), needs_gradient(1) ? weight_gradient(dy, g, s) : Tensor(),
            needs_gradient(2) ? sum_over_pixels(g) : Tensor()};
  }
};

struct Conv2dWeightGradient : OpNamed<"conv2d_weight_gradient"> {
  Geometry s;
  Saved dy{*this}, x{*this};
  explicit Conv2dWeightGradient(const Geometry& geometry) : s(geometry) {}

  Tensor forward(const Tensors& in) override {
    if (needs_gradient(1)) dy.save(in[0]);
    if (needs_gradient(0)) x.save(in[1]);
    Tensor dw = Tensor::empty(w_shape(s), in[0].dtype(), in[0].device());
    profile(s, dw.dtype());
    dispatch<float, double, bfloat16>(
        dw.dtype(), name(), [&]<class T>() { kernels::Conv2dWeightGradient<T>::on(dw.device())(in[0].data<T>(), in[1].data<T>(), dw.data<T>(), s); });
    return dw;
  }

  Tensors backward(const Tensor& g) override {
    return {needs_gradient(0) ? convolve(x, g, {}, s) : Tensor(), needs_gradient(1) ? data_gradient(dy, g, {}, s) : Tensor()};
  }
};

Tensor convolve(const Tensor& x, const Tensor& w, const Tensor& bias, const Geometry& s) { return apply(std::make_shared<Conv2d>(s), {x, w, bias}); }
Tensor data_gradient(const Tensor& dy, const Tensor& w, const Tensor& bias, const Geometry& s) {
  return apply(std::make_shared<ConvTranspose2d>(s), {dy, w, bias});
}
Tensor weight_gradient(const Tensor& dy, const Tensor& x, const Geometry& s) { return apply(std::make_shared<Conv2dWeightGradient>(s), {dy, x}); }

void check_operands(const char* op, const Tensor& x, const Tensor& weight, const Tensor& bias, int64_t bias_extent) {
  ITO_CHECK(x.rank() == 4 && weight.rank() == 4, "[", op, "] expected x (N, H, W, C) and a weight of four axes, got ", x.shape(), " and ",
            weight.shape());
  ITO_CHECK(x.dtype() == weight.dtype(), "[", op, "] x is ", x.dtype(), ", the weight ", weight.dtype(), "; cast one of them");
  ITO_CHECK(!bias.defined() || bias.shape() == Shape{bias_extent}, "[", op, "] expected a bias ", Shape{bias_extent}, ", got ", bias.shape());
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& o) {
  check_operands("conv2d", x, weight, bias, weight.rank() > 0 ? weight.extent(0) : 0);
  ITO_CHECK(o.stride >= 1 && o.padding >= 0 && o.groups >= 1, "[conv2d] stride and groups must be at least 1, padding at least 0");
  Geometry s{.batch = x.extent(0),
             .height = x.extent(1),
             .width = x.extent(2),
             .in_channels = x.extent(3),
             .out_channels = weight.extent(0),
             .kernel_height = weight.extent(1),
             .kernel_width = weight.extent(2),
             .stride = o.stride,
             .padding = o.padding,
             .groups = o.groups};
  ITO_CHECK(s.in_channels == weight.extent(3) * o.groups && s.out_channels % o.groups == 0, "[conv2d] x ", x.shape(), " does not fit weight ",
            weight.shape(), " (Cout, kh, kw, Cin/groups) with ", o.groups, " groups");
  ITO_CHECK(s.height + 2 * o.padding >= s.kernel_height && s.width + 2 * o.padding >= s.kernel_width, "[conv2d] window ", s.kernel_height, "x",
            s.kernel_width, " is larger than the padded image ", s.height + 2 * o.padding, "x", s.width + 2 * o.padding);
  s.out_height = (s.height + 2 * o.padding - s.kernel_height) / o.stride + 1;
  s.out_width = (s.width + 2 * o.padding - s.kernel_width) / o.stride + 1;
  return convolve(x, weight, bias, s);
}

Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvTranspose2dOptions& o) {
  check_operands("conv_transpose2d", x, weight, bias, weight.rank() == 4 ? weight.extent(3) * o.groups : 0);
  ITO_CHECK(o.stride >= 1 && o.padding >= 0 && o.groups >= 1 && o.output_padding >= 0 && o.output_padding < o.stride,
            "[conv_transpose2d] stride and groups must be at least 1, paddings at least 0, output_padding below stride");
  Geometry s{.batch = x.extent(0),
             .in_channels = weight.extent(3) * o.groups,
             .out_height = x.extent(1),
             .out_width = x.extent(2),
             .out_channels = x.extent(3),
             .kernel_height = weight.extent(1),
             .kernel_width = weight.extent(2),
             .stride = o.stride,
             .padding = o.padding,
             .groups = o.groups};
  ITO_CHECK(s.out_channels == weight.extent(0) && s.out_channels % o.groups == 0, "[conv_transpose2d] x ", x.shape(), " does not fit weight ",
            weight.shape(), " (Cin, kh, kw, Cout/groups) with ", o.groups, " groups");
  s.height = (s.out_height - 1) * o.stride - 2 * o.padding + s.kernel_height + o.output_padding;
  s.width = (s.out_width - 1) * o.stride - 2 * o.padding + s.kernel_width + o.output_padding;
  ITO_CHECK(s.height > 0 && s.width > 0, "[conv_transpose2d] nothing is left of an image ", s.out_height, "x", s.out_width, " with padding ",
            o.padding);
  return data_gradient(x, weight, bias, s);
}

}  // namespace ito
