#include "kernels/loss/loss.h"

#include <cmath>
#include <limits>
#include <vector>

#include "kernels/parallel.h"
#include "kernels/softmax/lanes.h"
#include "kernels/store.h"
#include "kernels/vecmath.h"

namespace ito::kernels {

namespace {

// ---- the definitions, summed in double

template <class T>
void mse_reference(const T* x, const T* target, T* loss, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += (double(x[i]) - double(target[i])) * (double(x[i]) - double(target[i]));
  *loss = T(sum / double(n));
}

template <class T>
void mse_backward_reference(const T* x, const T* target, const T* scale, T* dx, int64_t n) {
  for (int64_t i = 0; i < n; ++i) dx[i] = T(double(*scale) * 2 / double(n) * (double(x[i]) - double(target[i])));
}

template <class T>
double log_sum_exp(const T* row, int64_t cols) {
  double top = -std::numeric_limits<double>::infinity(), sum = 0;
  for (int64_t c = 0; c < cols; ++c) top = std::max(top, double(row[c]));
  for (int64_t c = 0; c < cols; ++c) sum += std::exp(double(row[c]) - top);
  return top + std::log(sum);
}

template <class T>
void cross_entropy_reference(const T* x, const int64_t* label, T* loss, int64_t rows, int64_t cols) {
  double sum = 0;
  for (int64_t r = 0; r < rows; ++r) sum += log_sum_exp(x + r * cols, cols) - double(x[r * cols + label[r]]);
  *loss = T(sum / double(rows));
}

template <class T>
void cross_entropy_backward_reference(const T* x, const int64_t* label, const T* scale, T* dx, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; ++r) {
    const double lse = log_sum_exp(x + r * cols, cols);
    for (int64_t c = 0; c < cols; ++c)
      dx[r * cols + c] = T(double(*scale) / double(rows) * (std::exp(double(x[r * cols + c]) - lse) - (c == label[r])));
  }
}

// ---- blocks in parallel, joined in their order

// 1/n of the sum of part(first, last) over blocks of `grain`.
template <class T, class Part>
T mean_of_blocks(int64_t n, int64_t grain, Part&& part) {
  std::vector<double> sums(size_t(ceil_div(n, grain)));
  parallel_for(n, grain, [&](int64_t first, int64_t last) { sums[size_t(first / grain)] = part(first, last); });
  double total = 0;
  for (const double sum : sums) total += sum;
  return T(total / double(n));
}

constexpr int64_t grain = 1 << 13;

template <class T>
void mse_blocks(const T* x, const T* target, T* loss, int64_t n) {
  using A = accumulate_t<T>;
  *loss = mean_of_blocks<T>(n, grain, [=](int64_t first, int64_t last) {
    return double(lane_sum<A>(last - first, [=](int64_t i) {
      const A difference = A(x[first + i]) - A(target[first + i]);
      return difference * difference;
    }));
  });
}

template <class T>
void mse_backward_blocks(const T* x, const T* target, const T* scale, T* dx, int64_t n) {
  using A = accumulate_t<T>;
  const A factor = A(2 * double(*scale) / double(n));
  parallel_for(n, grain, [=](int64_t first, int64_t last) {
#pragma omp simd
    for (int64_t i = first; i < last; ++i) store(dx[i], factor * (A(x[i]) - A(target[i])));
  });
}

template <class T>
accumulate_t<T> row_log_sum(const T* row, int64_t cols) {
  using A = accumulate_t<T>;
  const A top = lane_maximum(row, cols);
  return top + log_fast(lane_sum<A>(cols, [=](int64_t c) { return exp_fast(A(row[c]) - top); }));
}

template <class T>
void cross_entropy_blocks(const T* x, const int64_t* label, T* loss, int64_t rows, int64_t cols) {
  using A = accumulate_t<T>;
  *loss = mean_of_blocks<T>(rows, std::max<int64_t>(1, 1024 / cols), [=](int64_t first, int64_t last) {
    double sum = 0;
    for (int64_t r = first; r < last; ++r) sum += double(row_log_sum(x + r * cols, cols) - A(x[r * cols + label[r]]));
    return sum;
  });
}

template <class T>
void cross_entropy_backward_blocks(const T* x, const int64_t* label, const T* scale, T* dx, int64_t rows, int64_t cols) {
  using A = accumulate_t<T>;
  const A factor = A(double(*scale) / double(rows));
  parallel_for(rows, std::max<int64_t>(1, 1024 / cols), [=](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      const T* row = x + r * cols;
      T* out = dx + r * cols;
      const A lse = row_log_sum(row, cols);
      const int64_t right = label[r];
#pragma omp simd
      for (int64_t c = 0; c < cols; ++c) store(out[c], factor * (exp_fast(A(row[c]) - lse) - A(c == right)));
    }
  });
}

}  // namespace

ITO_REGISTER_KERNEL(MseForward, Device::cpu, "reference", mse_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(MseForward, Device::cpu, "blocks", mse_blocks, float, double, bfloat16);
ITO_REGISTER_KERNEL(MseBackward, Device::cpu, "reference", mse_backward_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(MseBackward, Device::cpu, "blocks", mse_backward_blocks, float, double, bfloat16);
ITO_REGISTER_KERNEL(CrossEntropyForward, Device::cpu, "reference", cross_entropy_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(CrossEntropyForward, Device::cpu, "blocks", cross_entropy_blocks, float, double, bfloat16);
ITO_REGISTER_KERNEL(CrossEntropyBackward, Device::cpu, "reference", cross_entropy_backward_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(CrossEntropyBackward, Device::cpu, "blocks", cross_entropy_backward_blocks, float, double, bfloat16);

}  // namespace ito::kernels
