// Sums, maxima and other reductions of a warp or a block, by trees of one fixed shape: neither the order in which lanes run nor the launch changes
// a bit of the result, and every thread of the team gets the same bits.
//   warp_sum(value)           warp_max(value)           warp_merge(state)
//   block_sum<threads>(v)     block_max<threads>(v)     block_merge<threads>(state)     with `threads` along x; all must call
//   column_merge<most>(state)                           block (x, y): merges over y; the threads of row 0 get the result
// A warp calls with all of its 32 lanes. A block's scratch may be reused at once: each call begins with a barrier, which waits for the readers of
// the last one.
//
// A state is what is known of some values: a struct without constructors that has
//   empty()   add(value)   merge(other)   across(distance): that of the lane whose number differs by the bits of `distance`
//   symmetric: whether a.merge(b) and b.merge(a) have the same bits
#pragma once

#include <limits>

#include "kernels/cuda/cuda.h"

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

constexpr int warp_lanes = 32;
constexpr unsigned all_lanes = 0xffffffffU;

template <class A>
struct Sum {
  A value;
  static constexpr bool symmetric = true;
  __device__ static Sum empty() { return {A(0)}; }
  __device__ void add(A x) { value += x; }
  __device__ void merge(const Sum& other) { value += other.value; }
  __device__ Sum across(int distance) const { return {__shfl_xor_sync(all_lanes, value, distance)}; }
};

// NaN if any is NaN.
template <class A>
struct Largest {
  A value;
  static constexpr bool symmetric = true;
  __device__ static Largest empty() { return {-std::numeric_limits<A>::infinity()}; }
  __device__ void add(A x) { value = value > x || value != value ? value : x; }
  __device__ void merge(const Largest& other) { add(other.value); }
  __device__ Largest across(int distance) const { return {__shfl_xor_sync(all_lanes, value, distance)}; }
};

// Two sums of one walk.
template <class A>
struct TwoSums {
  A first, second;
  static constexpr bool symmetric = true;
  __device__ static TwoSums empty() { return {A(0), A(0)}; }
  __device__ void add(A a, A b) {
    first += a;
    second += b;
  }
  __device__ void merge(const TwoSums& other) { add(other.first, other.second); }
  __device__ TwoSums across(int distance) const {
    return {__shfl_xor_sync(all_lanes, first, distance), __shfl_xor_sync(all_lanes, second, distance)};
  }
};

// The largest value and sum exp(x - largest), in one pass: the sum is scaled anew when the largest grows (Milakov & Gimelshein 2018). The largest
// starts at the lowest finite number, so that values of -inf count 0 without inf - inf. The sum is NaN if any value is NaN.
template <class A>
struct MaxSum {
  A max, sum;
  static constexpr bool symmetric = true;  // the larger side's sum is never scaled
  __device__ static MaxSum empty() { return {std::numeric_limits<A>::lowest(), A(0)}; }
  __device__ void add(A x) {
    const A above = x == max ? A(0) : x - max;  // inf - inf is not 0
    const A scale = std::exp(-std::abs(above));
    if (above > 0) {
      max = x;
      sum = sum * scale + 1;
    } else {
      sum += scale;
    }
  }
  __device__ void merge(const MaxSum& other) {
    const bool grows = other.max > max;
    const A below = grows ? max - other.max : other.max == max ? A(0) : other.max - max;
    const A kept = grows ? other.sum : sum, scaled = grows ? sum : other.sum;
    max = grows ? other.max : max;
    sum = kept + scaled * std::exp(below);
  }
  __device__ MaxSum across(int distance) const { return {__shfl_xor_sync(all_lanes, max, distance), __shfl_xor_sync(all_lanes, sum, distance)}; }
  // log sum exp(x): inf if one is inf, -inf of nothing.
  __device__ A log_sum() const { return max + std::log(sum); }
  // What softmax divides exp(x - max) by: as inf - inf is NaN, so is this when the largest is inf.
  __device__ A divisor() const { return sum + (max - max); }
};

// Count, mean, and the sum of squared distances from the mean, in one pass (Welford 1962; merged as by Chan, Golub & LeVeque 1979): nothing cancels,
// however far from 0 the mean is. Counts are whole numbers of type A.
template <class A>
struct Moments {
  A count, mean, squares;
  static constexpr bool symmetric = false;
  __device__ static Moments empty() { return {A(0), A(0), A(0)}; }
  __device__ void add(A x) {
    count += 1;
    const A distance = x - mean;
    mean += distance / count;
    squares += distance * (x - mean);
  }
  __device__ void merge(const Moments& other) {
    if (other.count == 0) return;
    const A n = count + other.count, share = other.count / n, distance = other.mean - mean;
    mean += distance * share;
    squares += other.squares + distance * distance * (count * share);
    count = n;
  }
  __device__ Moments across(int distance) const {
    return {__shfl_xor_sync(all_lanes, count, distance), __shfl_xor_sync(all_lanes, mean, distance), __shfl_xor_sync(all_lanes, squares, distance)};
  }
};

// Merges within groups of `lanes` neighbours, a power of two, by a butterfly: lanes 1 apart at last, those of the lower half first.
template <int lanes = warp_lanes, class State>
__device__ __forceinline__ State warp_merge(State own) {
#pragma unroll
  for (int distance = lanes / 2; distance > 0; distance /= 2) {
    const State other = own.across(distance);
    if constexpr (State::symmetric) {
      own.merge(other);
    } else {  // the same two in the same order on both lanes
      const bool upper = (int(threadIdx.y * blockDim.x + threadIdx.x) & distance) != 0;
      State first = own, second = other;
      if (upper) {
        first = other;
        second = own;
      }
      first.merge(second);
      own = first;
    }
  }
  return own;
}

// Of 32 threads, a warp, nothing is shared and no barrier met: warps may come alone.
template <int threads, class State>
__device__ __forceinline__ State block_merge(State own) {
  static_assert(threads % warp_lanes == 0 && (threads & (threads - 1)) == 0 && threads <= 1024, "a power of two of whole warps");
  own = warp_merge(own);
  if constexpr (threads > warp_lanes) {
    constexpr int warps = threads / warp_lanes;
    __shared__ State of_warp[warps];
    const int lane = int(threadIdx.x) % warp_lanes, warp = int(threadIdx.x) / warp_lanes;
    __syncthreads();  // the last call's readers are through
    if (lane == 0) of_warp[warp] = own;
    __syncthreads();
    own = warp_merge<warps>(of_warp[lane % warps]);
  }
  return own;
}

// At most `most` threads, in a block (x, y).
template <int most, class State>
__device__ __forceinline__ State column_merge(State own) {
  __shared__ State of_thread[most];
  __syncthreads();  // the last call's readers are through
  of_thread[threadIdx.y * blockDim.x + threadIdx.x] = own;
  __syncthreads();
  if (threadIdx.y == 0)
    for (unsigned row = 1; row < blockDim.y; ++row) own.merge(of_thread[row * blockDim.x + threadIdx.x]);
  return own;
}

template <class A>
__device__ __forceinline__ A warp_sum(A value) {
  return warp_merge(Sum<A>{value}).value;
}
template <class A>
__device__ __forceinline__ A warp_max(A value) {
  return warp_merge(Largest<A>{value}).value;
}
template <int threads, class A>
__device__ __forceinline__ A block_sum(A value) {
  return block_merge<threads>(Sum<A>{value}).value;
}
template <int threads, class A>
__device__ __forceinline__ A block_max(A value) {
  return block_merge<threads>(Largest<A>{value}).value;
}

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
