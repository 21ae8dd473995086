#include "diffusion/trace.h"

#include <cmath>

#include "autograd/graph.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/compare.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/reshape.h"
#include "autograd/ops/unary.h"

namespace ito {

namespace {

Tensor row_sums(const Tensor& x) { return x.rank() == 1 ? x : sum(flatten(x, 1), {.axes = {1}}); }

struct Evaluated {
  Tensor x, value;
  bool recorded;  // for the caller, who may differentiate again
};
Evaluated evaluate(const RowMap& f, const Tensor& x) {
  const bool recorded = recording();
  const Recording on;
  const Tensor leaf = recorded && requires_grad(x) ? x : variable(x.detach());
  Tensor value = f(leaf);
  ITO_CHECK(value.shape() == x.shape(), "[trace] a map from ", x.shape(), " gave ", value.shape());
  return {leaf, value, recorded};
}

// v^T J v for each row; J^T v comes from the graph of the value.
Tensor quadratic_form(const Evaluated& e, const Tensor& v) {
  const Recording on;
  const Tensor back = grad(e.value, {e.x}, {.grad_output = v, .create_graph = e.recorded, .keep_graph = true, .allow_unused = true})[0];
  return back.defined() ? row_sums(back * v) : Tensor::zeros({v.extent(0)}, v.dtype(), v.device());
}

Tensor given(const Evaluated& e, const Tensor& t) { return e.recorded ? t : t.detach(); }

}  // namespace

ValueAndTrace jacobian_trace(const RowMap& f, const Tensor& x) {
  const Evaluated e = evaluate(f, x);
  Tensor trace;
  if (requires_grad(e.value)) {
    const Recording on;
    const int64_t rows = x.extent(0), width = x.numel() / std::max<int64_t>(rows, 1);
    const Tensor columns = Tensor::arange(width), no_rows = Tensor::zeros({rows, 1}, x.dtype(), x.device());
    for (int64_t i = 0; i < width; ++i) {
      const Tensor unit = equal(columns, Tensor::full({width}, double(i), DType::i64)).to(x.dtype()).to(x.device());
      const Tensor part = quadratic_form(e, (no_rows + unit).view(x.shape()));
      trace = trace.defined() ? trace + part : part;
    }
  }
  if (!trace.defined()) trace = Tensor::zeros({x.extent(0)}, x.dtype(), x.device());
  return {given(e, e.value), given(e, trace)};
}

ValueAndTrace hutchinson_trace(const RowMap& f, const Tensor& x, const Tensor& v) {
  ITO_CHECK(v.shape() == x.shape(), "[trace] probes of shape ", v.shape(), " for x of shape ", x.shape());
  const Evaluated e = evaluate(f, x);
  const Tensor trace = requires_grad(e.value) ? quadratic_form(e, v) : Tensor::zeros({x.extent(0)}, x.dtype(), x.device());
  return {given(e, e.value), given(e, trace)};
}

Tensor probes(Probe law, const Shape& shape, const Generator& key, int64_t first_row, DType dtype, Device device) {
  const int64_t width = shape.product(1, shape.rank()), first = first_row * width;
  if (law == Probe::rademacher) return randint_from(shape, 0, 2, key, first, device).to(dtype) * 2.0 - 1.0;
  const Tensor v = normal_from(shape, key, first, dtype, device);
  if (law == Probe::gaussian) return v;
  const Tensor rows = v.view({shape[0], width});
  return (rows * rsqrt(mean(square(rows), {.axes = {1}, .keepdim = true}))).view(shape);
}

}  // namespace ito
