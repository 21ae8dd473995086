// Kernels that move elements, and those of windows.
#include "bench/kernels/bench.h"
#include "kernels/index/index.h"
#include "kernels/strided/strided.h"
#include "kernels/window/window.h"

namespace ito::bench {

using namespace kernels;

namespace {
struct Square {
  int64_t rows, cols;
  Walk transposed;  // reads (rows, cols) column by column
  explicit Square(const Setup& s) : rows(s.large ? 2048 : 64), cols(s.large ? 2048 : 48), transposed{{{cols, 1}, {rows, cols}}} {}
  std::string name() const { return text("transpose of ", rows, " x ", cols); }
};

IndexShape index_shape(const Setup& s) {
  return {.outer = 1, .extent = s.large ? 10000 : 100, .inner = s.large ? 256 : 32, .count = s.large ? 8192 : 64};
}
std::string name_of_shape(const IndexShape& i) { return text(i.count, " rows of ", i.extent, ", ", i.inner, " each"); }
Shape table(const IndexShape& i) { return {i.extent, i.inner}; }
Shape part(const IndexShape& i) { return {i.count, i.inner}; }
}  // namespace

ITO_BENCH(strided_read) {
  const Square q(s);
  const Tensor x = s.normal<T>({q.rows, q.cols}), y = s.empty<T>({q.cols, q.rows});
  return {q.name(), strided_work(x.numel(), sizeof(T)), [=] { StridedRead<T>::on(x.device())(x.data<T>(), y.data<T>(), q.transposed); }};
}

ITO_BENCH(strided_write) {
  const Square q(s);
  const Tensor x = s.normal<T>({q.cols, q.rows}), y = s.empty<T>({q.rows, q.cols});
  return {q.name(), strided_work(x.numel(), sizeof(T)), [=] { StridedWrite<T>::on(x.device())(x.data<T>(), y.data<T>(), q.transposed); }};
}

ITO_BENCH(gather) {
  const IndexShape i = index_shape(s);
  const Tensor x = s.normal<T>(table(i)), y = s.empty<T>(part(i)), index = s.indices(part(i), i.extent);
  return {name_of_shape(i), index_work(i, sizeof(T)), [=] { Gather<T>::on(x.device())(x.data<T>(), index.data<int64_t>(), y.data<T>(), i); }};
}

ITO_BENCH(scatter_add) {
  const IndexShape i = index_shape(s);
  const Tensor x = s.normal<T>(table(i)), y = s.empty<T>(part(i)), index = s.indices(part(i), i.extent);
  return {name_of_shape(i), index_work(i, sizeof(T)), [=] { ScatterAdd<T>::on(x.device())(y.data<T>(), index.data<int64_t>(), x.data<T>(), i); }};
}

ITO_BENCH(index_select) {
  const IndexShape i = index_shape(s);
  const Tensor x = s.normal<T>(table(i)), y = s.empty<T>(part(i)), index = s.indices({i.count}, i.extent);
  return {name_of_shape(i), index_work(i, sizeof(T)), [=] { IndexSelect<T>::on(x.device())(x.data<T>(), index.data<int64_t>(), y.data<T>(), i); }};
}

ITO_BENCH(index_add) {
  const IndexShape i = index_shape(s);
  const Tensor x = s.normal<T>(table(i)), y = s.empty<T>(part(i)), index = s.indices({i.count}, i.extent);
  return {name_of_shape(i), index_work(i, sizeof(T)), [=] { IndexAdd<T>::on(x.device())(y.data<T>(), index.data<int64_t>(), x.data<T>(), i); }};
}

namespace {
// Pooling 2x2.
WindowShape window_shape(const Setup& s) {
  const int64_t side = s.large ? 32 : 8;
  return {.batch = s.large ? 64 : 2,
          .height = side,
          .width = side,
          .channels = s.large ? 64 : 16,
          .out_height = side / 2,
          .out_width = side / 2,
          .kernel = 2,
          .stride = 2};
}
std::string name_of_shape(const WindowShape& w) {
  return text("2x2 of ", w.batch, " images ", w.height, "x", w.width, ", ", w.channels, " channels");
}
Shape whole(const WindowShape& w) { return {w.batch, w.height, w.width, w.channels}; }
Shape pooled(const WindowShape& w) { return {w.batch, w.out_height, w.out_width, w.channels}; }
Work work_of(const WindowShape& w, int64_t size) { return window_work(whole(w).numel(), pooled(w).numel(), size); }
}  // namespace

ITO_BENCH(window_sum) {
  const WindowShape w = window_shape(s);
  const Tensor x = s.normal<T>(whole(w)), y = s.empty<T>(pooled(w));
  return {name_of_shape(w), work_of(w, sizeof(T)), [=] { WindowSum<T>::on(x.device())(x.data<T>(), y.data<T>(), 0.25, w); }};
}

ITO_BENCH(window_spread) {
  const WindowShape w = window_shape(s);
  const Tensor x = s.empty<T>(whole(w)), y = s.normal<T>(pooled(w));
  return {name_of_shape(w), work_of(w, sizeof(T)), [=] { WindowSpread<T>::on(x.device())(y.data<T>(), x.data<T>(), 0.25, w); }};
}

ITO_BENCH(window_argmax) {
  const WindowShape w = window_shape(s);
  const Tensor x = s.normal<T>(whole(w)), index = s.empty<int64_t>(pooled(w));
  return {name_of_shape(w), work_of(w, sizeof(T)), [=] { WindowArgmax<T>::on(x.device())(x.data<T>(), index.data<int64_t>(), w); }};
}

}  // namespace ito::bench
