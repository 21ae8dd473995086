// What the CUDA kernels of a reduction have in common: where the elements are, and what is kept of those seen (a state of kernels/cuda/reduce.h).
#pragma once

#include "kernels/cuda/reduce.h"
#include "kernels/reduce/reduce.h"
#include "tensor/error.h"

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

// Reduction::Axis lists as kernel arguments, outermost first.
struct Axes {
  static constexpr int max_rank = 8;
  int rank = 0;
  int64_t extent[max_rank], stride[max_rank];
  explicit Axes(const std::vector<Reduction::Axis>& axes) {
    ITO_CHECK(axes.size() <= max_rank, "a reduction over ", axes.size(), " groups of axes; the cuda kernels take ", max_rank);
    for (const Reduction::Axis& axis : axes) {
      extent[rank] = axis.extent;
      stride[rank++] = axis.stride;
    }
  }
  // One division an axis, none for a single one.
  __device__ int64_t offset(int64_t index) const {
    int64_t at = 0;
    for (int axis = rank - 1; axis > 0; --axis) {
      at += index % extent[axis] * stride[axis];
      index /= extent[axis];
    }
    return at + index * stride[0];
  }
};

template <class A>
struct SumReducer {
  using State = Sum<A>;
  A divisor;  // 1, or the count for a mean
  __device__ A value(A x) const { return x; }
  __device__ A finish(const State& s) const { return s.value / divisor; }
};

template <class A>
struct ExtremeReducer {
  using State = Largest<A>;
  A sign;  // -1: the smallest
  __device__ A value(A x) const { return sign * x; }
  __device__ A finish(const State& s) const { return sign * s.value; }
};

template <class A>
struct VarianceReducer {
  using State = Moments<A>;
  __device__ A value(A x) const { return x; }
  __device__ A finish(const State& s) const { return s.squares / s.count; }
};

template <class A>
struct LogSumExpReducer {
  using State = MaxSum<A>;
  __device__ A value(A x) const { return x; }
  __device__ A finish(const State& s) const { return s.log_sum(); }
};

template <class A, class F>
void with_reducer(ReduceKind kind, int64_t count, F&& f) {
  switch (kind) {
    case ReduceKind::sum:
      return f(SumReducer<A>{A(1)});
    case ReduceKind::mean:
      return f(SumReducer<A>{A(count)});
    case ReduceKind::max:
      return f(ExtremeReducer<A>{A(1)});
    case ReduceKind::min:
      return f(ExtremeReducer<A>{A(-1)});
    case ReduceKind::variance:
      return f(VarianceReducer<A>{});
    case ReduceKind::logsumexp:
      return f(LogSumExpReducer<A>{});
  }
}

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
