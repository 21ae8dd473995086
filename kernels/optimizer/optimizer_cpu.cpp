#include "kernels/optimizer/optimizer.h"

#include <cmath>
#include <vector>

#include "kernels/parallel.h"
#include "kernels/softmax/lanes.h"

namespace ito::kernels {

namespace {

// The formulas, in type A, for elements [first, last) of a tensor; one source for the definition in double and for the vectorised loop.
template <class A, class T>
void sgd_part(const SgdTensor<T>& tensor, int64_t first, int64_t last, const SgdStep& s) {
  T* const p = tensor.p;  // no structured binding: clang does not take them into an OpenMP loop
  const T* const g = tensor.g;
  T* const v = tensor.v;
  const A lr = A(s.lr), momentum = A(s.momentum), decay = A(s.weight_decay), scale = A(s.gradient_scale);
#pragma omp simd
  for (int64_t i = first; i < last; ++i) {
    const A speed = momentum * A(v[i]) + scale * A(g[i]) + decay * A(p[i]);
    v[i] = T(speed);
    p[i] = T(A(p[i]) - lr * speed);
  }
}

template <class A, class T>
void adam_part(const AdamTensor<T>& tensor, int64_t first, int64_t last, const AdamStep& s) {
  T *const p = tensor.p, *const m = tensor.m, *const v = tensor.v;
  const T* const g = tensor.g;
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
void ema_part(const EmaTensor<T>& tensor, int64_t first, int64_t last, double decay) {
  T* const e = tensor.e;
  const T* const p = tensor.p;
  const A rate = A(1 - decay);
#pragma omp simd
  for (int64_t i = first; i < last; ++i) e[i] = T(A(e[i]) + rate * (A(p[i]) - A(e[i])));
}

template <class T>
void sgd_reference(std::span<const SgdTensor<T>> tensors, const SgdStep& step) {
  for (const SgdTensor<T>& t : tensors) sgd_part<double>(t, 0, t.n, step);
}
template <class T>
void adam_reference(std::span<const AdamTensor<T>> tensors, const AdamStep& step) {
  for (const AdamTensor<T>& t : tensors) adam_part<double>(t, 0, t.n, step);
}
template <class T>
void ema_reference(std::span<const EmaTensor<T>> tensors, double decay) {
  for (const EmaTensor<T>& t : tensors) ema_part<double>(t, 0, t.n, decay);
}
template <class T>
void sum_of_squares_reference(std::span<const SquaresTensor<T>> tensors, double* y) {
  *y = 0;
  for (const SquaresTensor<T>& t : tensors)
    for (int64_t i = 0; i < t.n; ++i) *y += double(t.x[i]) * double(t.x[i]);
}

// The tensors cut into parts of at most `grain` elements, one after the other.
template <class Tensor>
struct Part {
  const Tensor* tensor;
  int64_t first, last;
};
template <class Tensor>
std::vector<Part<Tensor>> parts_of(std::span<const Tensor> tensors) {
  constexpr int64_t grain = 1 << 14;
  std::vector<Part<Tensor>> parts;
  for (const Tensor& t : tensors)
    for (int64_t first = 0; first < t.n; first += grain) parts.push_back({&t, first, std::min(t.n, first + grain)});
  return parts;
}

// body(tensor, first, last) for all parts, in parallel.
template <class Tensor, class Body>
void for_parts(std::span<const Tensor> tensors, Body&& body) {
  const std::vector<Part<Tensor>> parts = parts_of(tensors);
  parallel_for(int64_t(parts.size()), 1, [&](int64_t i, int64_t) { body(*parts[size_t(i)].tensor, parts[size_t(i)].first, parts[size_t(i)].last); });
}

template <class T>
void sgd_parallel(std::span<const SgdTensor<T>> tensors, const SgdStep& step) {
  for_parts(tensors, [&](const SgdTensor<T>& t, int64_t first, int64_t last) { sgd_part<T>(t, first, last, step); });
}
template <class T>
void adam_parallel(std::span<const AdamTensor<T>> tensors, const AdamStep& step) {
  for_parts(tensors, [&](const AdamTensor<T>& t, int64_t first, int64_t last) { adam_part<T>(t, first, last, step); });
}
template <class T>
void ema_parallel(std::span<const EmaTensor<T>> tensors, double decay) {
  for_parts(tensors, [&](const EmaTensor<T>& t, int64_t first, int64_t last) { ema_part<T>(t, first, last, decay); });
}
// A sum a part, a sum a tensor, then all.
template <class T>
void sum_of_squares_parallel(std::span<const SquaresTensor<T>> tensors, double* y) {
  const std::vector<Part<SquaresTensor<T>>> parts = parts_of(tensors);
  std::vector<double> sums(parts.size());
  parallel_for(int64_t(parts.size()), 1, [&](int64_t i, int64_t) {
    const auto& [tensor, first, last] = parts[size_t(i)];
    const T* x = tensor->x + first;
    sums[size_t(i)] = lane_sum<double>(last - first, [=](int64_t k) { return double(x[k]) * double(x[k]); });
  });
  *y = 0;
  size_t part = 0;
  for (const SquaresTensor<T>& t : tensors) {
    double sum = 0;
    for (; part < parts.size() && parts[part].tensor == &t; ++part) sum += sums[part];
    *y += sum;
  }
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
