#include "kernels/reduce/reduce.h"

#include <cmath>
#include <limits>

#include "kernels/parallel.h"
#include "kernels/scratch.h"
#include "kernels/softmax/lanes.h"
#include "kernels/store.h"

namespace ito::kernels {

int64_t Reduction::kept_numel() const {
  int64_t n = 1;
  for (const Axis& axis : kept) n *= axis.extent;
  return n;
}

int64_t Reduction::reduced_numel() const {
  int64_t n = 1;
  for (const Axis& axis : reduced) n *= axis.extent;
  return n;
}

Reduction Reduction::of(const Shape& shape, const std::vector<bool>& is_reduced) {
  Reduction out;
  int64_t stride = shape.numel();
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != 0) stride /= shape[i];
    if (shape[i] == 1) continue;
    std::vector<Axis>& axes = is_reduced[i] ? out.reduced : out.kept;
    if (!axes.empty() && axes.back().stride == stride * shape[i])
      axes.back() = {axes.back().extent * shape[i], stride};
    else
      axes.push_back({shape[i], stride});
  }
  if (out.kept.empty()) out.kept.push_back({1, 0});
  if (out.reduced.empty()) out.reduced.push_back({1, 0});
  return out;
}

namespace {

int64_t offset_of(int64_t index, const std::vector<Reduction::Axis>& axes) {
  int64_t offset = 0;
  for (size_t i = axes.size(); i-- > 0;) {
    offset += index % axes[i].extent * axes[i].stride;
    index /= axes[i].extent;
  }
  return offset;
}

// The definitions, in double; at(r) is the r-th of n values.
template <class At>
double reduce_values(ReduceKind kind, int64_t n, At&& at) {
  const auto sum_of = [&](auto&& f) {
    double sum = 0;
    for (int64_t r = 0; r < n; ++r) sum += f(at(r));
    return sum;
  };
  const auto extreme = [&](double sign) {
    double best = -std::numeric_limits<double>::infinity();
    for (int64_t r = 0; r < n; ++r) {
      const double v = sign * at(r);
      if (v > best || v != v) best = v;
      if (best != best) break;
    }
    return sign * best;
  };
  switch (kind) {
    case ReduceKind::sum:
      return sum_of([](double v) { return v; });
    case ReduceKind::mean:
      return sum_of([](double v) { return v; }) / double(n);
    case ReduceKind::max:
      return extreme(1);
    case ReduceKind::min:
      return extreme(-1);
    case ReduceKind::variance: {
      const double mean = sum_of([](double v) { return v; }) / double(n);
      return sum_of([=](double v) { return (v - mean) * (v - mean); }) / double(n);
    }
    case ReduceKind::logsumexp: {
      const double top = extreme(1);
      if (std::isinf(top)) return top;  // all -inf: log 0; +inf: inf
      return top + std::log(sum_of([=](double v) { return std::exp(v - top); }));
    }
  }
  return 0;
}

template <class T>
void reduce_one(ReduceKind kind, const T* x, T* y, const Reduction& axes, int64_t k) {
  const T* base = x + offset_of(k, axes.kept);
  if (axes.reduced.size() == 1) {
    const int64_t stride = axes.reduced[0].stride;
    y[k] = T(reduce_values(kind, axes.reduced[0].extent, [=](int64_t r) { return double(base[r * stride]); }));
  } else {
    y[k] = T(reduce_values(kind, axes.reduced_numel(), [&](int64_t r) { return double(base[offset_of(r, axes.reduced)]); }));
  }
}

template <class T>
void reduce_reference(ReduceKind kind, const T* x, T* y, const Reduction& axes) {
  for (int64_t k = 0; k < axes.kept_numel(); ++k) reduce_one(kind, x, y, axes, k);
}

// Sums (outer, n, inner) to (outer, inner), over a divisor: 1, or n for the mean. n is cut into chunks of a fixed length; chunk sums are made in
// parallel and then added in order: the same bits on any number of threads, and a rounding error that grows with the chunks instead of with n.
template <class T>
void sum_fast(const T* x, T* y, accumulate_t<T> divisor, int64_t outer, int64_t n, int64_t inner) {
  using A = accumulate_t<T>;
  const int64_t chunk = inner == 1 ? 1024 : 64, chunks = std::max<int64_t>(1, ceil_div(n, chunk));
  const Scratch<A, Device::cpu> scratch(outer * chunks * inner);
  A* const partial = scratch.data();
  parallel_for(outer * chunks, std::max<int64_t>(1, (1 << 15) / std::max<int64_t>(1, chunk * inner)), [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t start = i % chunks * chunk, count = std::min(chunk, n - start);
      const T* rows = x + (i / chunks * n + start) * inner;
      A* out = partial + i * inner;
      if (inner == 1) {
        *out = lane_sum<A>(count, [=](int64_t r) { return A(rows[r]); });
        continue;
      }
      std::fill_n(out, inner, A(0));
      for (int64_t r = 0; r < count; ++r)
#pragma omp simd
        for (int64_t c = 0; c < inner; ++c) out[c] += A(rows[r * inner + c]);
    }
  });
  for (int64_t o = 0; o < outer; ++o) {
    A* const sums = partial + o * chunks * inner;
    for (int64_t i = 1; i < chunks; ++i)
#pragma omp simd
      for (int64_t c = 0; c < inner; ++c) sums[c] += sums[i * inner + c];
#pragma omp simd
    for (int64_t c = 0; c < inner; ++c) store(y[o * inner + c], sums[c] / divisor);
  }
}

// Sums over one run of axes are vectorised; the rest is the definition, one kept element a task.
template <class T>
void reduce_fast(ReduceKind kind, const T* x, T* y, const Reduction& axes) {
  const bool is_sum = kind == ReduceKind::sum || kind == ReduceKind::mean;
  const int64_t kept = axes.kept_numel(), n = axes.reduced_numel();
  if (is_sum && axes.reduced.size() == 1 && kept * n > 0) {
    const int64_t inner = axes.reduced[0].stride == 0 ? kept : axes.reduced[0].stride, outer = kept / inner;
    return sum_fast(x, y, kind == ReduceKind::mean ? accumulate_t<T>(n) : 1, outer, n, inner);
  }
  parallel_for(kept, std::max<int64_t>(1, (1 << 12) / std::max<int64_t>(1, n)), [&](int64_t first, int64_t last) {
    for (int64_t k = first; k < last; ++k) reduce_one(kind, x, y, axes, k);
  });
}

template <class T>
int64_t argmax_one(const T* x, const Reduction& axes, int64_t k) {
  const T* base = x + offset_of(k, axes.kept);
  int64_t best = 0;
  for (int64_t r = 1; r < axes.reduced[0].extent; ++r) {
    const T v = base[r * axes.reduced[0].stride], top = base[best * axes.reduced[0].stride];
    if (top == top && (v > top || v != v)) best = r;
  }
  return best;
}

template <class T>
void argmax_reference(const T* x, int64_t* y, const Reduction& axes) {
  for (int64_t k = 0; k < axes.kept_numel(); ++k) y[k] = argmax_one(x, axes, k);
}

template <class T>
void argmax_fast(const T* x, int64_t* y, const Reduction& axes) {
  parallel_for(axes.kept_numel(), std::max<int64_t>(1, (1 << 14) / std::max<int64_t>(1, axes.reduced[0].extent)), [&](int64_t first, int64_t last) {
    for (int64_t k = first; k < last; ++k) y[k] = argmax_one(x, axes, k);
  });
}

}  // namespace

ITO_REGISTER_KERNEL(Reduce, Device::cpu, "reference", reduce_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(Reduce, Device::cpu, "fast", reduce_fast, float, double, bfloat16);
ITO_REGISTER_KERNEL(Argmax, Device::cpu, "reference", argmax_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(Argmax, Device::cpu, "fast", argmax_fast, float, double, bfloat16);

}  // namespace ito::kernels
