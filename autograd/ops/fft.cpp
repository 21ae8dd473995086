// The transform F is unitary: dx = F^-1 dy.
#include "autograd/ops/fft.h"

#include "autograd/op.h"
#include "autograd/ops/concat.h"
#include "autograd/ops/permute.h"
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
      kernels::Fft<T>::on(x.device())(x.data<T>(), y.data<T>(), x.shape().product(0, x.rank() - 2), x.extent(-2), o.inverse);
    });
    return y;
  }
  Tensors backward(const Tensor& dy) override { return {fft(dy, {.inverse = !o.inverse})}; }
};
}  // namespace

Tensor fft(const Tensor& x, const FftOptions& options) {
  ITO_CHECK(x.rank() >= 2 && x.extent(-1) == 2, "[fft] expected (..., n, 2), got ", x.shape());
  return apply(std::make_shared<Fft>(options), {x});
}

Tensor fft2(const Tensor& x, const FftOptions& options) {
  ITO_CHECK(x.rank() >= 3 && x.extent(-1) == 2, "[fft2] expected (..., h, w, 2), got ", x.shape());
  return transpose(fft(transpose(fft(x, options), -3, -2), options), -3, -2);
}

Tensor complex_from(const Tensor& real) { return stack({real, Tensor::zeros_like(real)}, -1); }

Tensor real_part(const Tensor& x) { return squeeze(slice(x, -1, 0, 1), -1); }

}  // namespace ito
