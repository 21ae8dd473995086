// The transform F is unitary: dx = F^-1 dy.
#include "autograd/ops/fft.h"

#include "autograd/op.h"
#include "autograd/ops/concat.h"
#include "autograd/ops/reshape.h"
#include "autograd/ops/slice.h"
#include "kernels/fft/fft.h"

namespace ito {

namespace {
struct Fft : OpNamed<"fft"> {
  FftOptions o;
  explicit Fft(const FftOptions& options) : o(options) {}

  Tensor forward(const Tensors& in) override {
    const Tensor& x = in[0];
    Tensor y = Tensor::empty_like(x);
    dispatch<float, double>(x.dtype(), name(), [&]<class T>() {
      kernels::Fft<T>::on(x.device())(x.data<T>(), y.data<T>(), x.shape().product(0, o.axis), x.extent(o.axis),
                                      x.shape().product(o.axis + 1, x.rank() - 1), o.inverse);
    });
    return y;
  }
  Tensors backward(const Tensor& dy) override { return {fft(dy, {.inverse = !o.inverse, .axis = o.axis})}; }
};
}  // namespace

Tensor fft(const Tensor& x, const FftOptions& options) {
  ITO_CHECK(x.rank() >= 2 && x.extent(-1) == 2, "[fft] expected (..., n, 2), got ", x.shape());
  const int axis = options.axis < 0 ? options.axis + x.rank() : options.axis;
  ITO_CHECK(0 <= axis && axis < x.rank() - 1, "[fft] axis ", options.axis, " is none of the numbers' of ", x.shape());
  return apply(std::make_shared<Fft>(FftOptions{.inverse = options.inverse, .axis = axis}), {x});
}

Tensor fft2(const Tensor& x, const FftOptions& options) {
  ITO_CHECK(x.rank() >= 3 && x.extent(-1) == 2, "[fft2] expected (..., h, w, 2), got ", x.shape());
  return fft(fft(x, {.inverse = options.inverse, .axis = -2}), {.inverse = options.inverse, .axis = -3});
}

Tensor complex_from(const Tensor& real) { return stack({real, Tensor::zeros_like(real)}, -1); }

Tensor real_part(const Tensor& x) { return squeeze(slice(x, -1, 0, 1), -1); }

}  // namespace ito
