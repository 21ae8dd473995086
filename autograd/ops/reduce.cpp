// Reductions and their rules; the gradient of a sum is a broadcast, that of a broadcast a sum.
#include "autograd/ops/reduce.h"

#include <numeric>

#include "autograd/graph.h"
#include "autograd/op.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/reshape.h"
#include "autograd/ops/unary.h"
#include "kernels/binary/binary.h"
#include "kernels/reduce/reduce.h"

namespace ito {

namespace {

using kernels::ReduceKind;

// Which axes are reduced, and the shapes with them dropped and kept as 1.
struct Plan {
  std::vector<bool> reduced;
  Shape kept_as_one, result;
  int64_t count;  // elements that go into one

  Plan(const char* op, const Shape& shape, const ReduceOptions& options) : reduced(shape.size(), options.axes.empty()), kept_as_one(shape) {
    for (int axis : options.axes) {
      const size_t i = size_t(normal_axis(op, axis, shape));
      ITO_CHECK(!reduced[i], "[", op, "] axis ", axis, " is given twice");
      reduced[i] = true;
    }
    count = 1;
    for (size_t i = 0; i < shape.size(); ++i) {
      if (reduced[i]) {
        count *= shape[i];
        kept_as_one[i] = 1;
      }
      if (!reduced[i] || options.keepdim) result.push_back(reduced[i] ? 1 : shape[i]);
    }
  }
};

Tensor run(const char* op, ReduceKind kind, const Tensor& x, const Plan& plan) {
  Tensor y = Tensor::empty(plan.result, x.dtype(), x.device());
  const auto axes = kernels::Reduction::of(x.shape(), plan.reduced);
  dispatch<float, double, bfloat16>(x.dtype(), op, [&]<class T>() { kernels::Reduce<T>::on(x.device())(kind, x.data<T>(), y.data<T>(), axes); });
  return y;
}

struct Sum : OpNamed<"sum"> {
  Plan plan;
  Shape shape;
  explicit Sum(Plan p) : plan(std::move(p)) {}
  Tensor forward(const Tensors& in) override {
    shape = in[0].shape();
    return run(name(), ReduceKind::sum, in[0], plan);
  }
  Tensors backward(const Tensor& dy) override { return {broadcast_to(reshape(dy, plan.kept_as_one), shape)}; }
};

struct Mean : OpNamed<"mean"> {
  Plan plan;
  Shape shape;
  explicit Mean(Plan p) : plan(std::move(p)) {}
  Tensor forward(const Tensors& in) override {
    shape = in[0].shape();
    return run(name(), ReduceKind::mean, in[0], plan);
  }
  Tensors backward(const Tensor& dy) override { return {broadcast_to(reshape(dy, plan.kept_as_one) * (1.0 / double(plan.count)), shape)}; }
};

// Shared by max and min: dy goes to the elements equal to y, in equal parts.
Tensor share_among_equals(const char* op, const Tensor& x, const Tensor& y, const Tensor& dy, const Plan& plan) {
  Tensor share;
  {
    const NoGrad constants;
    Tensor equal = Tensor::empty_like(x);
    const auto space = kernels::Broadcast::of(x.shape(), plan.kept_as_one, x.shape());
    dispatch<float, double, bfloat16>(x.dtype(), op, [&]<class T>() {
      kernels::Binary<T>::on(x.device())(kernels::BinaryKind::is_equal, x.data<T>(), y.data<T>(), equal.data<T>(), space);
    });
    Plan keep = plan;
    keep.result = plan.kept_as_one;
    share = equal / run(op, ReduceKind::sum, equal, keep);
  }
  return share * reshape(dy, plan.kept_as_one);
}

struct Max : OpNamed<"max"> {
  Plan plan;
  Saved x{*this}, y{*this};
  explicit Max(Plan p) : plan(std::move(p)) {}
  Tensor forward(const Tensors& in) override {
    x.save(in[0]);
    return y.save_output(run(name(), ReduceKind::max, in[0], plan));
  }
  Tensors backward(const Tensor& dy) override { return {share_among_equals(name(), x, y, dy, plan)}; }
};

struct Min : OpNamed<"min"> {
  Plan plan;
  Saved x{*this}, y{*this};
  explicit Min(Plan p) : plan(std::move(p)) {}
  Tensor forward(const Tensors& in) override {
    x.save(in[0]);
    return y.save_output(run(name(), ReduceKind::min, in[0], plan));
  }
  Tensors backward(const Tensor& dy) override { return {share_among_equals(name(), x, y, dy, plan)}; }
};

// dx = 2/n (x - mean) dy
struct Variance : OpNamed<"variance"> {
  Plan plan;
  std::vector<int> axes;
  Saved x{*this};
  Variance(Plan p, std::vector<int> reduced_axes) : plan(std::move(p)), axes(std::move(reduced_axes)) {}
  Tensor forward(const Tensors& in) override {
    x.save(in[0]);
    return run(name(), ReduceKind::variance, in[0], plan);
  }
  Tensors backward(const Tensor& dy) override {
    const Tensor input = x;
    const Tensor centred = input - mean(input, {axes, true});
    return {centred * (reshape(dy, plan.kept_as_one) * (2.0 / double(plan.count)))};
  }
};

// dx = exp(x - y) dy, the softmax of x
struct LogSumExp : OpNamed<"logsumexp"> {
  Plan plan;
  Saved x{*this}, y{*this};
  explicit LogSumExp(Plan p) : plan(std::move(p)) {}
  Tensor forward(const Tensors& in) override {
    x.save(in[0]);
    return y.save_output(run(name(), ReduceKind::logsumexp, in[0], plan));
  }
  Tensors backward(const Tensor& dy) override { return {exp(x.get() - reshape(y, plan.kept_as_one)) * reshape(dy, plan.kept_as_one)}; }
};

void check_not_empty(const char* op, const Plan& plan, const Shape& shape) {
  ITO_CHECK(plan.count > 0, "[", op, "] nothing to take it of in shape ", shape);
}

}  // namespace

Tensor sum(const Tensor& x, const ReduceOptions& options) { return apply(std::make_shared<Sum>(Plan("sum", x.shape(), options)), {x}); }
Tensor mean(const Tensor& x, const ReduceOptions& options) { return apply(std::make_shared<Mean>(Plan("mean", x.shape(), options)), {x}); }

Tensor max(const Tensor& x, const ReduceOptions& options) {
  const Plan plan("max", x.shape(), options);
  check_not_empty("max", plan, x.shape());
  return apply(std::make_shared<Max>(plan), {x});
}

Tensor min(const Tensor& x, const ReduceOptions& options) {
  const Plan plan("min", x.shape(), options);
  check_not_empty("min", plan, x.shape());
  return apply(std::make_shared<Min>(plan), {x});
}

Tensor variance(const Tensor& x, const ReduceOptions& options) {
  return apply(std::make_shared<Variance>(Plan("variance", x.shape(), options), options.axes), {x});
}

Tensor logsumexp(const Tensor& x, const ReduceOptions& options) {
  return apply(std::make_shared<LogSumExp>(Plan("logsumexp", x.shape(), options)), {x});
}

Tensor argmax(const Tensor& x, int axis) {
  const Plan plan("argmax", x.shape(), {{axis}, false});
  check_not_empty("argmax", plan, x.shape());
  Tensor y = Tensor::empty(plan.result, DType::i64, x.device());
  const auto axes = kernels::Reduction::of(x.shape(), plan.reduced);
  dispatch<float, double, bfloat16>(x.dtype(), "argmax",
                                    [&]<class T>() { kernels::Argmax<T>::on(x.device())(x.data<T>(), y.data<int64_t>(), axes); });
  return y;
}

Tensor sum_to_shape(const Tensor& x, const Shape& shape) {
  ITO_CHECK(broadcast_shape("sum_to_shape", shape, x.shape()) == x.shape(), "[sum_to_shape] ", shape, " does not broadcast to ", x.shape());
  ReduceOptions options{.axes = {}, .keepdim = false};
  const int leading = x.rank() - shape.rank();
  for (int i = 0; i < x.rank(); ++i)
    if (i < leading || (shape[size_t(i - leading)] == 1 && x.shape()[size_t(i)] != 1)) options.axes.push_back(i);
  return options.axes.empty() ? reshape(x, shape) : reshape(sum(x, options), shape);
}

}  // namespace ito
