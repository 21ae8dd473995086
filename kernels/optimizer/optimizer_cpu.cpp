#include "kernels/optimizer/optimizer.h"

#include <cmath>
#include <vector>

#include "kernels/parallel.h"
#include "kernels/softmax/lanes.h"

namespace ito::kernels {

namespace {

// The formulas, in type A; one source for the definition in double and for the vectorised loop.
template <class A, class T>
void sgd_part(T* p, const T* g, T* v, int64_t first, int64_t last, const SgdStep& s) {
  const A lr = A(s.lr), momentum = A(s.momentum), decay = A(s.weight_decay), scale = A(s.gradient_scale);
#pragma omp simd
  for (int64_t i = first; i < last; ++i) {
    const A speed = momentum * A(v[i]) + scale * A(g[i]) + decay * A(p[i]);
    v[i] = T(speed);
    p[i] = T(A(p[i]) - lr * speed);
  }
}

template <class A, class T>
void adam_part(T* p, const T* g, T* m, T* v, int64_t first, int64_t last, const AdamStep& s) {
  const A scale = A(s.gradient_scale), l2 = A(s.l2), keep = A(1 - s.lr * s.decay), b1 = A(s.beta1), b2 = A(s.beta2), eps = A(s.eps);
  const A step = A(s.lr / (1 - std::pow(s.beta1, double(s.t)))), root_scale = A(1 / std::sqrt(1 - std::pow(s.beta2, double(s.t))));
#pragma omp simd
  for (int64_t i = first; i < last; ++i) {
    const A gradient = scale * A(g[i]) + l2 * A(p[i]);
    const A mean = b1 * A(m[i]) + (1 - b1) * gradient, square = b2 * A(v[i]) + (1 - b2) * gradient * gradient;
    m[i] = T(mean);
    v[i] = T(square);
    p[i] = T(keep * A(p[i]) - step * mean / (std::sqrt(square) * root_scale + eps));
  }
}

template <class A, class T>
void ema_part(T* e, const T* p, int64_t first, int64_t last, double decay) {
  const A rate = A(1 - decay);
#pragma omp simd
  for (int64_t i = first; i < last; ++i) e[i] = T(A(e[i]) + rate * (A(p[i]) - A(e[i])));
}

template <class T>
void sgd_reference(T* p, const T* g, T* v, int64_t n, const SgdStep& step) {
  sgd_part<double>(p, g, v, 0, n, step);
}
template <class T>
void adam_reference(T* p, const T* g, T* m, T* v, int64_t n, const AdamStep& step) {
  adam_part<double>(p, g, m, v, 0, n, step);
}
template <class T>
void ema_reference(T* e, const T* p, int64_t n, double decay) {
  ema_part<double>(e, p, 0, n, decay);
}
template <class T>
void sum_of_squares_reference(const T* x, double* y, int64_t n) {
  *y = 0;
  for (int64_t i = 0; i < n; ++i) *y += double(x[i]) * double(x[i]);
}

constexpr int64_t grain = 1 << 14;

template <class T>
void sgd_parallel(T* p, const T* g, T* v, int64_t n, const SgdStep& step) {
  parallel_for(n, grain, [&](int64_t first, int64_t last) { sgd_part<T>(p, g, v, first, last, step); });
}
template <class T>
void adam_parallel(T* p, const T* g, T* m, T* v, int64_t n, const AdamStep& step) {
  parallel_for(n, grain, [&](int64_t first, int64_t last) { adam_part<T>(p, g, m, v, first, last, step); });
}
template <class T>
void ema_parallel(T* e, const T* p, int64_t n, double decay) {
  parallel_for(n, grain, [=](int64_t first, int64_t last) { ema_part<T>(e, p, first, last, decay); });
}
template <class T>
void sum_of_squares_parallel(const T* x, double* y, int64_t n) {
  std::vector<double> sums(size_t(ceil_div(n, grain)));
  parallel_for(n, grain, [&](int64_t first, int64_t last) {
    sums[size_t(first / grain)] = lane_sum<double>(last - first, [=](int64_t i) { return double(x[first + i]) * double(x[first + i]); });
  });
  *y = 0;
  for (const double sum : sums) *y += sum;
}

}  // namespace

ITO_REGISTER_KERNEL(Sgd, Device::cpu, "reference", sgd_reference, float, double);
ITO_REGISTER_KERNEL(Sgd, Device::cpu, "parallel", sgd_parallel, float, double);
ITO_REGISTER_KERNEL(Adam, Device::cpu, "reference", adam_reference, float, double);
ITO_REGISTER_KERNEL(Adam, Device::cpu, "parallel", adam_parallel, float, double);
ITO_REGISTER_KERNEL(Ema, Device::cpu, "reference", ema_reference, float, double);
ITO_REGISTER_KERNEL(Ema, Device::cpu, "parallel", ema_parallel, float, double);
ITO_REGISTER_KERNEL(SumOfSquares, Device::cpu, "reference", sum_of_squares_reference, float, double);
ITO_REGISTER_KERNEL(SumOfSquares, Device::cpu, "parallel", sum_of_squares_parallel, float, double);

}  // namespace ito::kernels
