#include "kernels/softmax/softmax.h"

#include <cmath>
#include <limits>

#include "kernels/parallel.h"
#include "kernels/scratch.h"
#include "kernels/softmax/lanes.h"
#include "kernels/store.h"
#include "kernels/vecmath.h"

namespace ito::kernels {

namespace {

// ---- the definitions, summed in double

template <class T>
double row_maximum(const T* x, int64_t cols) {
  double top = -std::numeric_limits<double>::infinity();
  for (int64_t c = 0; c < cols; ++c) top = double(x[c]) > top || x[c] != x[c] ? double(x[c]) : top;
  return top;
}

template <class T>
void softmax_reference(const T* x, T* y, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; ++r, x += cols, y += cols) {
    const double top = row_maximum(x, cols);
    double sum = 0;
    for (int64_t c = 0; c < cols; ++c) sum += std::exp(double(x[c]) - top);
    for (int64_t c = 0; c < cols; ++c) y[c] = T(std::exp(double(x[c]) - top) / sum);
  }
}

template <class T>
void softmax_backward_reference(const T* y, const T* dy, T* dx, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; ++r, y += cols, dy += cols, dx += cols) {
    double dot = 0;
    for (int64_t c = 0; c < cols; ++c) dot += double(dy[c]) * double(y[c]);
    for (int64_t c = 0; c < cols; ++c) dx[c] = T(double(y[c]) * (double(dy[c]) - dot));
  }
}

template <class T>
void log_softmax_reference(const T* x, T* y, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; ++r, x += cols, y += cols) {
    const double top = row_maximum(x, cols);
    double sum = 0;
    for (int64_t c = 0; c < cols; ++c) sum += std::exp(double(x[c]) - top);
    for (int64_t c = 0; c < cols; ++c) y[c] = T(double(x[c]) - top - std::log(sum));
  }
}

template <class T>
void log_softmax_backward_reference(const T* y, const T* dy, T* dx, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; ++r, y += cols, dy += cols, dx += cols) {
    double sum = 0;
    for (int64_t c = 0; c < cols; ++c) sum += double(dy[c]);
    for (int64_t c = 0; c < cols; ++c) dx[c] = T(double(dy[c]) - std::exp(double(y[c])) * sum);
  }
}

// ---- vectorised: 16 running maxima and sums a row, rows in parallel

int64_t rows_of_block(int64_t cols) { return std::max<int64_t>(1, 8192 / std::max<int64_t>(1, cols)); }

template <class Row>
void for_rows(int64_t rows, int64_t cols, Row&& row) {
  parallel_for(rows, rows_of_block(cols), [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) row(r * cols);
  });
}

template <class T>
void softmax_vector(const T* x, T* y, int64_t rows, int64_t cols) {
  using A = accumulate_t<T>;
  parallel_for(rows, rows_of_block(cols), [=](int64_t first, int64_t last) {
    const Scratch<A, Device::cpu> scratch(cols);
    A* const powers = scratch.data();
    for (int64_t r = first; r < last; ++r) {
      const T* in = x + r * cols;
      T* out = y + r * cols;
      const A top = lane_maximum(in, cols), scale = 1 / lane_sum<A>(cols, [=](int64_t c) { return powers[c] = exp_bounded(A(in[c]) - top); });
      store_each<A>(cols, out, [=](int64_t c) { return powers[c] * scale; });
    }
  });
}

template <class T>
void softmax_backward_vector(const T* y, const T* dy, T* dx, int64_t rows, int64_t cols) {
  using A = accumulate_t<T>;
  for_rows(rows, cols, [=](int64_t start) {
    const T *p = y + start, *g = dy + start;
    T* out = dx + start;
    const A dot = lane_sum<A>(cols, [=](int64_t c) { return A(p[c]) * A(g[c]); });
    store_each<A>(cols, out, [=](int64_t c) { return A(p[c]) * (A(g[c]) - dot); });
  });
}

template <class T>
void log_softmax_vector(const T* x, T* y, int64_t rows, int64_t cols) {
  using A = accumulate_t<T>;
  for_rows(rows, cols, [=](int64_t start) {
    const T* in = x + start;
    T* out = y + start;
    const A top = lane_maximum(in, cols), log_sum = std::log(lane_sum<A>(cols, [=](int64_t c) { return exp_fast(A(in[c]) - top); }));
#pragma omp simd
    for (int64_t c = 0; c < cols; ++c) store(out[c], A(in[c]) - top - log_sum);
  });
}

template <class T>
void log_softmax_backward_vector(const T* y, const T* dy, T* dx, int64_t rows, int64_t cols) {
  using A = accumulate_t<T>;
  for_rows(rows, cols, [=](int64_t start) {
    const T *p = y + start, *g = dy + start;
    T* out = dx + start;
    const A sum = lane_sum<A>(cols, [=](int64_t c) { return A(g[c]); });
#pragma omp simd
    for (int64_t c = 0; c < cols; ++c) store(out[c], A(g[c]) - exp_fast(A(p[c])) * sum);
  });
}

}  // namespace

ITO_REGISTER_KERNEL(SoftmaxForward, Device::cpu, "reference", softmax_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(SoftmaxForward, Device::cpu, "vector", softmax_vector, float, double, bfloat16);
ITO_REGISTER_KERNEL(SoftmaxBackward, Device::cpu, "reference", softmax_backward_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(SoftmaxBackward, Device::cpu, "vector", softmax_backward_vector, float, double, bfloat16);
ITO_REGISTER_KERNEL(LogSoftmaxForward, Device::cpu, "reference", log_softmax_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(LogSoftmaxForward, Device::cpu, "vector", log_softmax_vector, float, double, bfloat16);
ITO_REGISTER_KERNEL(LogSoftmaxBackward, Device::cpu, "reference", log_softmax_backward_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(LogSoftmaxBackward, Device::cpu, "vector", log_softmax_backward_vector, float, double, bfloat16);

}  // namespace ito::kernels
