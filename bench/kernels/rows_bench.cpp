// Reductions, softmax, norms and losses.
#include "bench/kernels/bench.h"
#include "kernels/group_norm/group_norm.h"
#include "kernels/loss/loss.h"
#include "kernels/reduce/reduce.h"
#include "kernels/softmax/softmax.h"

namespace ito::bench {

using namespace kernels;

namespace {

struct Rows {
  int64_t rows, cols;
  explicit Rows(const Setup& s) : rows(s.large ? 4096 : 32), cols(s.large ? 1024 : 128) {}
  std::string name() const { return text(rows, " x ", cols); }
};

// x and y, or y, dy and dx, of the same rows.
template <class T, template <class> class K>
Call two_buffers(const Setup& s) {
  const Rows r(s);
  const Tensor x = s.normal<T>({r.rows, r.cols}), y = s.empty<T>({r.rows, r.cols});
  return {r.name(), softmax_work(r.rows, r.cols, sizeof(T)), [=] { K<T>::on(x.device())(x.data<T>(), y.data<T>(), r.rows, r.cols); }};
}
template <class T, template <class> class K>
Call three_buffers(const Setup& s) {
  const Rows r(s);
  const Tensor y = s.normal<T>({r.rows, r.cols}), dy = s.normal<T>({r.rows, r.cols}), dx = s.empty<T>({r.rows, r.cols});
  Work work = softmax_work(r.rows, r.cols, sizeof(T));
  work.bytes *= 1.5;
  return {r.name(), work, [=] { K<T>::on(y.device())(y.data<T>(), dy.data<T>(), dx.data<T>(), r.rows, r.cols); }};
}

}  // namespace

ITO_BENCH(softmax_forward) { return two_buffers<T, SoftmaxForward>(s); }
ITO_BENCH(log_softmax_forward) { return two_buffers<T, LogSoftmaxForward>(s); }
ITO_BENCH(softmax_backward) { return three_buffers<T, SoftmaxBackward>(s); }
ITO_BENCH(log_softmax_backward) { return three_buffers<T, LogSoftmaxBackward>(s); }

ITO_BENCH(reduce) {
  const Rows r(s);
  const Tensor x = s.normal<T>({r.rows, r.cols}), y = s.empty<T>({r.rows});
  const auto axes = Reduction::of(x.shape(), {false, true});
  return {text("sum of each row, ", r.name()), reduce_work(x.numel(), sizeof(T)),
          [=] { Reduce<T>::on(x.device())(ReduceKind::sum, x.data<T>(), y.data<T>(), axes); }};
}

ITO_BENCH(argmax) {
  const Rows r(s);
  const Tensor x = s.normal<T>({r.rows, r.cols}), y = s.empty<int64_t>({r.rows});
  const auto axes = Reduction::of(x.shape(), {false, true});
  return {r.name(), reduce_work(x.numel(), sizeof(T)), [=] { Argmax<T>::on(x.device())(x.data<T>(), y.data<int64_t>(), axes); }};
}

namespace {
GroupNormShape norm_shape(const Setup& s) {
  GroupNormShape shape{.batch = s.large ? 16 : 2, .pixels = s.large ? 1024 : 16, .channels = s.large ? 128 : 32, .groups = s.large ? 32 : 4};
  shape.silu = true;
  return shape;
}
std::string name_of_shape(const GroupNormShape& g) {
  return text(g.batch, " x ", g.pixels, " pixels x ", g.channels, ", ", g.groups, " groups, SiLU");
}
}  // namespace

ITO_BENCH(group_norm_forward) {
  const GroupNormShape g = norm_shape(s);
  const Tensor x = s.normal<T>({g.batch, g.pixels, g.channels}), y = Tensor::empty_like(x), w = s.normal<T>({g.channels}),
               b = s.normal<T>({g.channels});
  const Tensor mean = s.empty<accumulate_t<T>>({g.batch, g.groups}), rstd = s.empty<accumulate_t<T>>({g.batch, g.groups});
  return {name_of_shape(g), group_norm_work(x.numel(), sizeof(T)), [=] {
            GroupNormForward<T>::on(x.device())(x.data<T>(), w.data<T>(), b.data<T>(), y.data<T>(), mean.data<accumulate_t<T>>(),
                                                rstd.data<accumulate_t<T>>(), g);
          }};
}

ITO_BENCH(group_norm_backward) {
  const GroupNormShape g = norm_shape(s);
  const Tensor x = s.normal<T>({g.batch, g.pixels, g.channels}), dy = s.normal<T>(x.shape()), dx = Tensor::empty_like(x);
  const Tensor w = s.normal<T>({g.channels}), b = s.normal<T>({g.channels}), dw = Tensor::empty_like(w), db = Tensor::empty_like(b);
  const Tensor mean = s.empty<accumulate_t<T>>({g.batch, g.groups}), rstd = Tensor::ones(mean.shape(), mean.dtype(), mean.device());
  Work work = group_norm_work(x.numel(), sizeof(T));
  work.flops *= 2;
  work.bytes *= 1.5;
  return {name_of_shape(g), work, [=] {
            GroupNormBackward<T>::on(x.device())(x.data<T>(), w.data<T>(), b.data<T>(), mean.data<accumulate_t<T>>(), rstd.data<accumulate_t<T>>(),
                                                 dy.data<T>(), dx.data<T>(), dw.data<T>(), db.data<T>(), g);
          }};
}

ITO_BENCH(mse_forward) {
  const int64_t n = s.large ? int64_t{1} << 22 : int64_t{1} << 12;
  const Tensor x = s.normal<T>({n}), target = s.empty<T>({n}), loss = s.empty<T>({});
  return {text(n), mse_work(n, sizeof(T)), [=] { MseForward<T>::on(x.device())(x.data<T>(), target.data<T>(), loss.data<T>(), n); }};
}

ITO_BENCH(mse_backward) {
  const int64_t n = s.large ? int64_t{1} << 22 : int64_t{1} << 12;
  const Tensor x = s.normal<T>({n}), target = s.empty<T>({n}), scale = s.empty<T>({}), dx = s.empty<T>({n});
  return {text(n), {double(2 * n), double(3 * n) * sizeof(T)}, [=] {
            MseBackward<T>::on(x.device())(x.data<T>(), target.data<T>(), scale.data<T>(), dx.data<T>(), n);
          }};
}

ITO_BENCH(cross_entropy_forward) {
  const Rows r(s);
  const Tensor x = s.normal<T>({r.rows, r.cols}), label = s.indices({r.rows}, r.cols), loss = s.empty<T>({});
  return {r.name(), {double(4 * x.numel()), double(x.numel()) * sizeof(T)}, [=] {
            CrossEntropyForward<T>::on(x.device())(x.data<T>(), label.data<int64_t>(), loss.data<T>(), r.rows, r.cols);
          }};
}

ITO_BENCH(cross_entropy_backward) {
  const Rows r(s);
  const Tensor x = s.normal<T>({r.rows, r.cols}), label = s.indices({r.rows}, r.cols), scale = s.empty<T>({}), dx = s.empty<T>({r.rows, r.cols});
  return {r.name(), softmax_work(r.rows, r.cols, sizeof(T)),
          [=] { CrossEntropyBackward<T>::on(x.device())(x.data<T>(), label.data<int64_t>(), scale.data<T>(), dx.data<T>(), r.rows, r.cols); }};
}

}  // namespace ito::bench
