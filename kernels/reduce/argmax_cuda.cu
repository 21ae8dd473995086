// The position of the first of the largest along one axis; the first NaN, if there is one.
//
// 1. naive    a thread a result.
// 2. warp     where the elements of a result are neighbours, a warp a result: each lane finds its first of the largest, then lanes compare in pairs.
//             Limited by memory.
#include "kernels/reduce/reducers.h"

namespace ito::kernels {

namespace {

constexpr int threads = 256;

template <class A>
struct FirstLargest {
  A value;
  int64_t at;  // -1: of nothing
  static constexpr bool symmetric = true;
  __device__ static FirstLargest empty() { return {A(0), -1}; }
  __device__ void merge(const FirstLargest& other) {
    const bool nan = value != value, other_nan = other.value != other.value;
    const bool equal = nan ? other_nan : value == other.value, less = nan ? false : other_nan || other.value > value;
    if (other.at >= 0 && (at < 0 || less || (equal && other.at < at))) *this = other;
  }
  __device__ FirstLargest across(int distance) const {
    return {__shfl_xor_sync(all_lanes, value, distance), __shfl_xor_sync(all_lanes, at, distance)};
  }
};

template <class T>
__global__ void __launch_bounds__(threads) argmax_one(const T* x, int64_t* y, Axes kept, int64_t stride, int64_t results, int64_t count) {
  using A = accumulate_t<T>;
  const int64_t k = global_thread();
  if (k >= results) return;
  x += kept.offset(k);
  auto best = FirstLargest<A>::empty();
  for (int64_t r = 0; r < count; ++r) best.merge({A(x[r * stride]), r});
  y[k] = best.at;
}

// Block: (32, results).
// occupancy: >= 50 %
template <class T>
__global__ void __launch_bounds__(threads) argmax_row(const T* x, int64_t* y, Axes kept, int64_t results, int64_t count) {
  using A = accumulate_t<T>;
  const int64_t k = int64_t(blockIdx.x) * blockDim.y + threadIdx.y;
  if (k >= results) return;
  x += kept.offset(k);
  auto best = FirstLargest<A>::empty();
  for (int64_t r = threadIdx.x; r < count; r += warp_lanes) best.merge({A(x[r]), r});
  best = warp_merge(best);
  if (threadIdx.x == 0) y[k] = best.at;
}

template <class T>
void argmax_naive(const T* x, int64_t* y, const Reduction& axes) {
  const int64_t results = axes.kept_numel();
  if (results == 0) return;
  launch(&argmax_one<T>, {unsigned((results + threads - 1) / threads), threads}, x, y, Axes(axes.kept), axes.reduced[0].stride, results,
         axes.reduced[0].extent);
}

template <class T>
void argmax_warp(const T* x, int64_t* y, const Reduction& axes) {
  const int64_t results = axes.kept_numel();
  if (results == 0 || axes.reduced[0].stride != 1) return argmax_naive(x, y, axes);
  launch(&argmax_row<T>, {unsigned((results + 7) / 8), dim3(32, 8)}, x, y, Axes(axes.kept), results, axes.reduced[0].extent);
}

}  // namespace

ITO_REGISTER_KERNEL(Argmax, Device::cuda, "naive", argmax_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(Argmax, Device::cuda, "warp", argmax_warp, float, double, bfloat16);

}  // namespace ito::kernels
