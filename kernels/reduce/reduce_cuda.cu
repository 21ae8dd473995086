// Reductions over any axes.
//
// 1. naive    a thread a result walks through everything that goes into it.
#include "kernels/cuda/cuda.h"
#include "kernels/reduce/reduce.h"
#include "tensor/error.h"

namespace ito::kernels {

namespace {

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
  __device__ int64_t offset(int64_t index) const {
    int64_t at = 0;
    for (int axis = rank - 1; axis >= 0; --axis) {
      at += index % extent[axis] * stride[axis];
      index /= extent[axis];
    }
    return at;
  }
};

constexpr int threads = 128;

template <class T>
__global__ void __launch_bounds__(threads) reduce_one(ReduceKind kind, const T* x, T* y, Axes kept, Axes reduced, int64_t results, int64_t count) {
  using A = accumulate_t<T>;
  const int64_t k = global_thread();
  if (k >= results) return;
  x += kept.offset(k);
  if (kind == ReduceKind::max || kind == ReduceKind::min) {
    A best = A(x[0]);
    for (int64_t r = 1; r < count; ++r) {
      const A value = A(x[reduced.offset(r)]);
      if (value != value || (kind == ReduceKind::max ? value > best : value < best)) best = value;
    }
    y[k] = T(best);
    return;
  }
  A top = 0;  // taken off: the maximum for logsumexp, the mean for variance
  if (kind == ReduceKind::logsumexp) {
    top = A(-INFINITY);
    for (int64_t r = 0; r < count; ++r) top = std::max(top, A(x[reduced.offset(r)]));
  } else if (kind == ReduceKind::variance) {
    for (int64_t r = 0; r < count; ++r) top += A(x[reduced.offset(r)]);
    top /= A(count);
  }
  A sum = 0;
  for (int64_t r = 0; r < count; ++r) {
    const A value = A(x[reduced.offset(r)]);
    sum += kind == ReduceKind::logsumexp ? std::exp(value - top) : kind == ReduceKind::variance ? (value - top) * (value - top) : value;
  }
  if (kind == ReduceKind::mean || kind == ReduceKind::variance) sum /= A(count);
  y[k] = T(kind == ReduceKind::logsumexp ? top + std::log(sum) : sum);
}

template <class T>
void reduce_naive(ReduceKind kind, const T* x, T* y, const Reduction& axes) {
  const int64_t results = axes.kept_numel();
  if (results == 0) return;
  launch(&reduce_one<T>, {unsigned((results + threads - 1) / threads), threads}, kind, x, y, Axes(axes.kept), Axes(axes.reduced), results,
         axes.reduced_numel());
}

}  // namespace

ITO_REGISTER_KERNEL(Reduce, Device::cuda, "naive", reduce_naive, float, double, bfloat16);

}  // namespace ito::kernels
