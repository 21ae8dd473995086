// Reductions over any axes, each kind in one pass (its state: kernels/cuda/reduce.h).
//
// 1. naive    a thread a result walks through everything that goes into it.
// 2. warp     where the elements of a result are neighbours, a warp a result: 32 lanes load 32 packs of them. (Where the results are neighbours, so
// are
//             a thread's and the next one's loads already.) A long sum still keeps one warp busy and leaves the device idle.
// 3. split    long rows take a block of 8 warps, columns a tile of 32 results x 8 walks; few results with many elements are cut into parts, whose
//             states a second launch merges. How many parts depends on the sizes alone. Limited by memory: every element is read once.
#include "kernels/cuda/parts.h"
#include "kernels/cuda/rows.h"
#include "kernels/reduce/reducers.h"
#include "kernels/scratch.h"

namespace ito::kernels {

namespace {

constexpr int threads = 256;

template <class R, class T>
__global__ void __launch_bounds__(threads) reduce_one(R op, const T* x, T* y, Axes kept, Axes reduced, int64_t results, int64_t count) {
  const int64_t k = global_thread();
  if (k >= results) return;
  x += kept.offset(k);
  auto state = R::State::empty();
  for (int64_t r = 0; r < count; ++r) state.add(op.value(accumulate_t<T>(x[reduced.offset(r)])));
  y[k] = T(op.finish(state));
}

// Elements [blockIdx.y length, ...) of a result's `count`: all of them, or a part whose state goes to `parts` (results, gridDim.y).
template <class State>
struct Parts {
  int64_t count, length;
  State* states;  // null when there is one part
  __device__ int64_t first() const { return int64_t(blockIdx.y) * length; }
  __device__ int64_t size() const { return count - first() < length ? count - first() : length; }
  template <class R, class T>
  __device__ void put(const State& state, const R& op, T* y, int64_t k) const {
    if (states)
      states[k * gridDim.y + blockIdx.y] = state;
    else
      y[k] = T(op.finish(state));
  }
};

// Neighbours along the reduced axes. Block: (team, results).
// occupancy: >= 50 %
template <int team, class R, class T>
__global__ void __launch_bounds__(threads)
    reduce_rows(R op, const T* x, T* y, Axes kept, Axes reduced, int64_t results, Parts<typename R::State> parts) {
  using A = accumulate_t<T>;
  const int64_t k = int64_t(blockIdx.x) * blockDim.y + threadIdx.y, first = parts.first(), size = parts.size();
  if (k >= results) return;  // whole teams leave
  x += kept.offset(k);
  auto state = R::State::empty();
  if (reduced.rank == 1) {
    for_row<team>(
        size, [&](int64_t, T value) { state.add(op.value(A(value))); }, x + first);
  } else {
    for (int64_t r = threadIdx.x; r < size; r += team) state.add(op.value(A(x[reduced.offset(first + r)])));
  }
  state = block_merge<team>(state);
  if (threadIdx.x == 0) parts.put(state, op, y, k);
}

// Neighbours along the kept axes. Block: (results, walks); walk w takes the elements w, w + walks, ... of each.
// occupancy: >= 50 %
template <class R, class T>
__global__ void __launch_bounds__(threads, 4)
    reduce_columns(R op, const T* x, T* y, Axes kept, Axes reduced, int64_t results, Parts<typename R::State> parts) {
  const int64_t k = int64_t(blockIdx.x) * blockDim.x + threadIdx.x, first = parts.first(), size = parts.size();
  auto state = R::State::empty();
  if (k < results) {
    const T* column = x + kept.offset(k);
#pragma unroll 4
    for (int64_t r = threadIdx.y; r < size; r += blockDim.y) state.add(op.value(accumulate_t<T>(column[reduced.offset(first + r)])));
  }
  state = column_merge<threads>(state);
  if (k < results && threadIdx.y == 0) parts.put(state, op, y, k);
}

// A warp a result. Block: (32, results).
template <class R, class T>
__global__ void __launch_bounds__(threads) merge_parts(R op, const typename R::State* states, T* y, int64_t results, int parts) {
  const int64_t k = int64_t(blockIdx.x) * blockDim.y + threadIdx.y;
  if (k >= results) return;
  auto state = R::State::empty();
  for (int p = int(threadIdx.x); p < parts; p += warp_lanes) state.merge(states[k * parts + p]);
  state = warp_merge(state);
  if (threadIdx.x == 0) y[k] = T(op.finish(state));
}

int64_t divided(int64_t a, int64_t b) { return (a + b - 1) / b; }

template <class T>
void reduce_naive(ReduceKind kind, const T* x, T* y, const Reduction& axes) {
  const int64_t results = axes.kept_numel(), count = axes.reduced_numel();
  if (results == 0) return;
  with_reducer<accumulate_t<T>>(kind, count, [&](auto op) {
    launch(&reduce_one<decltype(op), T>, {unsigned(divided(results, threads)), threads}, op, x, y, Axes(axes.kept), Axes(axes.reduced), results,
           count);
  });
}

template <class T>
void reduce_warp(ReduceKind kind, const T* x, T* y, const Reduction& axes) {
  const int64_t results = axes.kept_numel(), count = axes.reduced_numel();
  if (results == 0 || axes.reduced.back().stride != 1) return reduce_naive(kind, x, y, axes);
  with_reducer<accumulate_t<T>>(kind, count, [&](auto op) {
    launch(&reduce_rows<32, decltype(op), T>, {unsigned(divided(results, 8)), dim3(32, 8)}, op, x, y, Axes(axes.kept), Axes(axes.reduced), results,
           {count, count, nullptr});
  });
}

constexpr int64_t few_elements = 16;  // a thread does

// f(parts, how many), then their merge. `blocks` is what one part of all results takes, `least` a part's length worth a block.
template <class T, class R, class F>
void in_parts(const R& op, T* y, int64_t results, int64_t count, int64_t blocks, int64_t least, F&& f) {
  using State = typename R::State;
  const auto [length, parts] = cut(count, blocks, least);
  if (parts == 1) return f(Parts<State>{count, count, nullptr}, 1);
  const Scratch<State, Device::cuda> states(results * parts);
  f(Parts<State>{count, length, states.data()}, unsigned(parts));
  launch(&merge_parts<R, T>, {unsigned(divided(results, 8)), dim3(32, 8)}, op, states.data(), y, results, int(parts));
}

template <class T>
void reduce_split(ReduceKind kind, const T* x, T* y, const Reduction& axes) {
  const int64_t results = axes.kept_numel(), count = axes.reduced_numel();
  if (results == 0 || count <= few_elements) return reduce_naive(kind, x, y, axes);
  const Axes kept(axes.kept), reduced(axes.reduced);
  with_reducer<accumulate_t<T>>(kind, count, [&](auto op) {
    using R = decltype(op);
    if (reduced.stride[reduced.rank - 1] != 1) {
      const unsigned width = results <= 8 ? 8 : 32, walks = threads / width;
      const int64_t tiles = divided(results, width);
      in_parts(op, y, results, count, tiles, 8 * walks, [&](auto parts, unsigned number) {
        launch(&reduce_columns<R, T>, {dim3(unsigned(tiles), number), dim3(width, walks)}, op, x, y, kept, reduced, results, parts);
      });
    } else if (count <= row_of_a_warp) {
      launch(&reduce_rows<32, R, T>, {unsigned(divided(results, 8)), dim3(32, 8)}, op, x, y, kept, reduced, results, {count, count, nullptr});
    } else {
      in_parts(op, y, results, count, results, 8 * threads, [&](auto parts, unsigned number) {
        launch(&reduce_rows<threads, R, T>, {dim3(unsigned(results), number), threads}, op, x, y, kept, reduced, results, parts);
      });
    }
  });
}

}  // namespace

ITO_REGISTER_KERNEL(Reduce, Device::cuda, "naive", reduce_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(Reduce, Device::cuda, "warp", reduce_warp, float, double, bfloat16);
ITO_REGISTER_KERNEL(Reduce, Device::cuda, "split", reduce_split, float, double, bfloat16);

}  // namespace ito::kernels
