// y[i] = f(x[i]...) over dense buffers, for every op of that kind. f is a struct with a device operator(); one that takes an At first is told i.
//
// 1. naive    one element a thread: 32 lanes of a warp load 32 neighbours, 4 bytes each (2 for bf16).
// 2. vector   16 bytes a thread and load, a quarter of the instructions and more bytes in flight; the grid fills the device once and walks on.
//             Limited by memory: every byte is read or written once.
#pragma once

#include "kernels/cuda/cuda.h"

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

constexpr int elementwise_threads = 256;

struct At {
  int64_t index;
};

// The function of `kind` out of `count`, chosen for every element anew. Family::Of<k> is the one of kind k, a struct with a device operator().
template <class Family, class Kind, int count>
struct Chosen {
  Kind kind;

  template <class... X>
  __device__ auto operator()(X... x) const -> decltype(typename Family::template Of<Kind(0)>{}(x...)) {
    return from<0>(x...);
  }
  template <int first, class... X>
  __device__ auto from(X... x) const {
    if constexpr (first + 1 < count)
      if (int(kind) != first) return from<first + 1>(x...);
    return typename Family::template Of<Kind(first)>{}(x...);
  }
};
template <class F, class... X>
__device__ __forceinline__ auto value_at(const F& f, int64_t i, const X&... x) {
  if constexpr (std::is_invocable_v<const F&, At, X...>)
    return f(At{i}, x...);
  else
    return f(x...);
}

// local memory: <= 40 bytes, what CUDA's sin and cos in f64 keep for large arguments
template <class F, class Y, class... X>
__global__ void __launch_bounds__(elementwise_threads) elementwise_one(F f, int64_t n, Y* y, const X*... x) {
  const int64_t i = global_thread();
  if (i < n) y[i] = value_at(f, i, x[i]...);
}

// The first `packs` packs and, one by one, what is left: less than a pack, or all for buffers that are not aligned.
// occupancy: >= 50 %
// local memory: <= 40 bytes, what CUDA's sin and cos in f64 keep for large arguments
template <class F, class Y, class... X>
__global__ void __launch_bounds__(elementwise_threads, 4) elementwise_packs(F f, int64_t n, int64_t packs, Y* y, const X*... x) {
  constexpr int lanes = 16 / int(std::max({sizeof(Y), sizeof(X)...}));
  for (int64_t p = global_thread(); p < packs; p += global_threads()) {
    Pack<Y, lanes> out;
    const auto apply = [&](const Pack<X, lanes>&... in) {
#pragma unroll
      for (int l = 0; l < lanes; ++l) out.element[l] = value_at(f, p * lanes + l, in.element[l]...);
    };
    apply(load_pack<X, lanes>(x + p * lanes)...);
    store_pack<Y, lanes>(y + p * lanes, out);
  }
  for (int64_t i = packs * lanes + global_thread(); i < n; i += global_threads()) y[i] = value_at(f, i, x[i]...);
}

template <class F, class Y, class... X>
void elementwise_naive(F f, int64_t n, Y* y, const X*... x) {
  if (n == 0) return;
  launch(&elementwise_one<F, Y, X...>, {unsigned((n + elementwise_threads - 1) / elementwise_threads), elementwise_threads}, f, n, y, x...);
}

template <class F, class Y, class... X>
void elementwise_vector(F f, int64_t n, Y* y, const X*... x) {
  constexpr int64_t lanes = 16 / std::max({sizeof(Y), sizeof(X)...});
  if (n == 0) return;
  const int64_t packs = aligned_to(y, lanes * sizeof(Y)) && (aligned_to(x, lanes * sizeof(X)) && ...) ? n / lanes : 0;
  launch(&elementwise_packs<F, Y, X...>, {blocks_for(packs ? packs : n, elementwise_threads), elementwise_threads}, f, n, packs, y, x...);
}

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
