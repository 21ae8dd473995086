// Y = A B:  dA = dY B^T,  dB = A^T dY, with the transposes turned to fit those of the call.
#include "autograd/ops/matmul.h"

#include "autograd/op.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/reshape.h"
#include "autograd/profile.h"
#include "kernels/binary/binary.h"
#include "kernels/matmul/matmul.h"

namespace ito {

namespace {

// Which of x's matrices meets each index of the broadcast leading axes.
std::vector<int64_t> matrix_index(const Shape& leading, const Shape& all) {
  const auto space = kernels::Broadcast::of(leading, {}, all);
  std::vector<int64_t> index(size_t(all.numel()));
  for (size_t i = 0; i < index.size(); ++i) {
    int64_t rest = int64_t(i);
    for (int axis = space.rank - 1; axis >= 0; --axis) {
      index[i] += rest % space.extent[axis] * space.stride_a[axis];
      rest /= space.extent[axis];
    }
  }
  return index;
}

Tensor run(const Tensor& a, const Tensor& b, const Tensor& bias, const MatmulOptions& t) {
  const Shape &sa = a.shape(), &sb = b.shape();
  ITO_CHECK(a.dtype() == b.dtype(), "[matmul] operands are ", a.dtype(), " and ", b.dtype(), "; cast one of them");
  ITO_CHECK(a.rank() >= 2 && b.rank() >= 2, "[matmul] expected at least two axes, got shapes ", sa, " and ", sb);
  kernels::MatmulShape s;
  s.m = a.extent(t.transpose_a ? -1 : -2);
  s.k = a.extent(t.transpose_a ? -2 : -1);
  s.n = b.extent(t.transpose_b ? -2 : -1);
  s.transpose_a = t.transpose_a;
  s.transpose_b = t.transpose_b;
  ITO_CHECK(s.k == b.extent(t.transpose_b ? -1 : -2), "[matmul] inner extents differ: shapes ", sa, t.transpose_a ? " transposed" : "", " and ", sb,
            t.transpose_b ? " transposed" : "");
  const Shape leading_a(sa.begin(), sa.end() - 2), leading_b(sb.begin(), sb.end() - 2);
  Shape out = broadcast_shape("matmul", leading_a, leading_b);
  s.a_index = matrix_index(leading_a, out);
  s.b_index = matrix_index(leading_b, out);
  out.push_back(s.m);
  out.push_back(s.n);
  Tensor y = Tensor::empty(out, a.dtype(), a.device());
  profile_flops(kernels::matmul_work(int64_t(s.a_index.size()), s.m, s.n, s.k, int64_t(size_of(a.dtype()))).flops);
  dispatch<float, double, bfloat16>(a.dtype(), "matmul", [&]<class T>() {
    kernels::Matmul<T>::on(a.device())(a.data<T>(), b.data<T>(), bias.defined() ? bias.data<T>() : nullptr, y.data<T>(), s);
  });
  return y;
}

struct Matmul : OpNamed<"matmul"> {
  MatmulOptions t;
  Saved a{*this}, b{*this};
  explicit Matmul(const MatmulOptions& options) : t(options) {}

  Tensor forward(const Tensors& in) override {
    if (needs_gradient(1)) a.save(in[0]);
    if (needs_gradient(0)) b.save(in[1]);
    return run(in[0], in[1], {}, t);
  }

  Tensors backward(const Tensor& dy) override {
    Tensor da, db;
    if (needs_gradient(0)) da = t.transpose_a ? matmul(b, dy, {t.transpose_b, true}) : matmul(dy, b, {false, !t.transpose_b});
    if (needs_gradient(1)) db = t.transpose_b ? matmul(dy, a, {true, t.transpose_a}) : matmul(a, dy, {!t.transpose_a, false});
    return {da, db};
  }
};

// x W^T + bias on rows: x (rows, in).
struct Linear : OpNamed<"linear"> {
  Saved x{*this}, weight{*this};

  Tensor forward(const Tensors& in) override {
    x.save(in[0]);
    weight.save(in[1]);
    return run(in[0], in[1], in[2], {.transpose_b = true});
  }

  Tensors backward(const Tensor& dy) override {
    return {needs_gradient(0) ? matmul(dy, weight) : Tensor(), needs_gradient(1) ? matmul(dy, x, {.transpose_a = true}) : Tensor(),
            needs_gradient(2) ? sum(dy, {{0}}) : Tensor()};
  }
};

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b, const MatmulOptions& options) { return apply(std::make_shared<Matmul>(options), {a, b}); }

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  ITO_CHECK(weight.rank() == 2 && x.rank() >= 1 && x.extent(-1) == weight.extent(1), "[linear] x ", x.shape(), " does not fit weight ",
            weight.shape(), " (out, in)");
  ITO_CHECK(!bias.defined() || bias.shape() == Shape{weight.extent(0)}, "[linear] bias ", bias.shape(), " does not fit weight ", weight.shape());
  Shape out = x.shape();
  out.back() = weight.extent(0);
  const Tensor rows = reshape(x, {x.shape().product(0, x.rank() - 1), x.extent(-1)});
  return reshape(apply(std::make_shared<Linear>(), {rows, weight, bias}), out);
}

}  // namespace ito
