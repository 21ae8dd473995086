// Kernels that touch every element once or twice: limited by memory.
#include "bench/kernels/bench.h"
#include "kernels/bias_activation/bias_activation.h"
#include "kernels/binary/binary.h"
#include "kernels/cast/cast.h"
#include "kernels/compare/compare.h"
#include "kernels/cumsum/cumsum.h"
#include "kernels/dropout/dropout.h"
#include "kernels/feed_forward/feed_forward.h"
#include "kernels/random/random.h"
#include "kernels/unary/unary.h"

namespace ito::bench {

using namespace kernels;

namespace {
int64_t elements(const Setup& s) { return s.large ? int64_t{1} << 22 : int64_t{1} << 12; }
constexpr RandomKey key{1, 2, 3};
}  // namespace

ITO_BENCH(unary) {
  const int64_t n = elements(s);
  const Tensor x = s.normal<T>({n}), y = s.empty<T>({n});
  return {text("silu of ", n), unary_work(n, sizeof(T)), [=] { Unary<T>::on(x.device())(UnaryKind::silu, x.data<T>(), y.data<T>(), n); }};
}

ITO_BENCH(unary_backward) {
  const int64_t n = elements(s);
  const Tensor x = s.normal<T>({n}), dy = s.normal<T>({n}), dx = s.empty<T>({n});
  return {text("silu of ", n), binary_work(n, sizeof(T)),
          [=] { UnaryBackward<T>::on(x.device())(UnaryKind::silu, x.data<T>(), nullptr, dy.data<T>(), dx.data<T>(), n); }};
}

ITO_BENCH(clamp) {
  const int64_t n = elements(s);
  const Tensor x = s.normal<T>({n}), y = s.empty<T>({n});
  return {text(n), unary_work(n, sizeof(T)), [=] { Clamp<T>::on(x.device())(x.data<T>(), y.data<T>(), n, -1, 1); }};
}

ITO_BENCH(clamp_backward) {
  const int64_t n = elements(s);
  const Tensor x = s.normal<T>({n}), dy = s.normal<T>({n}), dx = s.empty<T>({n});
  return {text(n), binary_work(n, sizeof(T)), [=] { ClampBackward<T>::on(x.device())(x.data<T>(), dy.data<T>(), dx.data<T>(), n, -1, 1); }};
}

ITO_BENCH(binary) {
  const int64_t rows = s.large ? 4096 : 32, cols = s.large ? 1024 : 128;
  const Tensor a = s.normal<T>({rows, cols}), b = s.normal<T>({cols}), y = s.empty<T>({rows, cols});
  const auto space = Broadcast::of(a.shape(), b.shape(), y.shape());
  return {text(rows, " x ", cols, " times a row"), {double(rows * cols), double((2 * rows + 1) * cols) * sizeof(T)}, [=] {
            Binary<T>::on(a.device())(BinaryKind::mul, a.data<T>(), b.data<T>(), y.data<T>(), space);
          }};
}

namespace {
std::string name_of_rows(int64_t rows, int64_t cols) { return text("SiLU of ", rows, " x ", cols); }
}  // namespace

ITO_BENCH(bias_activation) {
  const int64_t rows = s.large ? 4096 : 32, cols = s.large ? 1024 : 128;
  const Tensor x = s.normal<T>({rows, cols}), bias = s.normal<T>({cols}), y = s.empty<T>({rows, cols});
  return {name_of_rows(rows, cols), bias_activation_work(rows * cols, sizeof(T)),
          [=] { BiasActivation<T>::on(x.device())(UnaryKind::silu, x.data<T>(), bias.data<T>(), y.data<T>(), rows, cols); }};
}

ITO_BENCH(bias_activation_backward) {
  const int64_t rows = s.large ? 4096 : 32, cols = s.large ? 1024 : 128;
  const Tensor x = s.normal<T>({rows, cols}), bias = s.normal<T>({cols}), dy = s.normal<T>({rows, cols}), dz = s.empty<T>({rows, cols});
  return {name_of_rows(rows, cols), binary_work(rows * cols, sizeof(T)),
          [=] { BiasActivationBackward<T>::on(x.device())(UnaryKind::silu, x.data<T>(), bias.data<T>(), dy.data<T>(), dz.data<T>(), rows, cols); }};
}

ITO_BENCH(feed_forward_slope) {
  const int64_t n = elements(s);
  const Tensor z = s.normal<T>({n}), y = s.empty<T>({n}), slope = s.empty<T>({n});
  return {text("SiLU of ", n), feed_forward_slope_work(n, sizeof(T)),
          [=] { FeedForwardSlope<T>::on(z.device())(UnaryKind::silu, z.data<T>(), y.data<T>(), slope.data<T>(), n); }};
}

ITO_BENCH(cast) {
  const int64_t n = elements(s);
  const Tensor x = s.normal<float>({n}), y = s.empty<T>({n});
  return {text("f32 to ", dtype_of<T>::value, ", ", n), cast_work(n, 4, sizeof(T)),
          [=] { Cast<T>::on(x.device())(x.raw(), DType::f32, y.data<T>(), n); }};
}

ITO_BENCH(fill) {
  const int64_t n = elements(s);
  const Tensor y = s.empty<T>({n});
  return {text(n), {0, double(n) * sizeof(T)}, [=] { Fill<T>::on(y.device())(y.data<T>(), n, T(1.0f)); }};
}

ITO_BENCH(compare) {
  const int64_t n = elements(s);
  const Tensor a = s.normal<T>({n}), b = s.empty<T>({n}), y = s.empty<bool>({n});
  return {text(n), {double(n), double(n) * (2 * sizeof(T) + 1)}, [=] {
            Compare<T>::on(a.device())(Comparison::less, a.data<T>(), b.data<T>(), y.data<bool>(), n);
          }};
}

ITO_BENCH(where) {
  const int64_t n = elements(s);
  const Tensor a = s.normal<T>({n}), b = s.empty<T>({n}), y = s.empty<T>({n}), condition = s.empty<bool>({n});
  return {text(n), where_work(n, sizeof(T)), [=] { Where<T>::on(a.device())(condition.data<bool>(), a.data<T>(), b.data<T>(), y.data<T>(), n); }};
}

ITO_BENCH(cumsum) {
  const int64_t rows = s.large ? 1024 : 8, cols = s.large ? 4096 : 300;
  const Tensor x = s.normal<T>({rows, cols}), y = s.empty<T>({rows, cols});
  return {text(rows, " x ", cols), cumsum_work(rows * cols, sizeof(T)),
          [=] { Cumsum<T>::on(x.device())(x.data<T>(), y.data<T>(), {.outer = rows, .extent = cols}); }};
}

ITO_BENCH(dropout) {
  const int64_t n = elements(s);
  const Tensor x = s.normal<T>({n}), y = s.empty<T>({n});
  return {text(n), dropout_work(n, sizeof(T)), [=] { Dropout<T>::on(x.device())(x.data<T>(), y.data<T>(), n, 0.1, key); }};
}

// Ten rounds of Philox make an element: two products, four exclusive-ors, two sums each.
ITO_BENCH(uniform) {
  const int64_t n = elements(s);
  const Tensor y = s.empty<T>({n});
  return {text(n), {80.0 * double(n), double(n) * sizeof(T)}, [=] { Uniform<T>::on(y.device())(y.data<T>(), n, key, 0, 0, 1); }};
}

ITO_BENCH(normal) {
  const int64_t n = elements(s);
  const Tensor y = s.empty<T>({n});
  return {text(n), {120.0 * double(n), double(n) * sizeof(T)}, [=] { Normal<T>::on(y.device())(y.data<T>(), n, key, 0); }};
}

ITO_BENCH(randint) {
  const int64_t n = elements(s);
  const Tensor y = s.empty<int64_t>({n});
  return {text(n), {80.0 * double(n), double(n) * 8}, [=] { Randint<int64_t>::on(y.device())(y.data<int64_t>(), n, key, 0, 0, 1000); }};
}

}  // namespace ito::bench
