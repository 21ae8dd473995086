// Reading at given places along an axis: gather and index_select. (Adding: index_add_cuda.cu.)
//
// 1. naive    one element a thread, with two 64-bit divisions.
// 2. packed   gather: 16 bytes of results a thread, so that as many reads from anywhere are under way at a time, and one 32-bit division for all.
//             index_select: slices are rows of memory and move 16 bytes at a time (8, 4 or 2 where they are not made of such).
//             Limited by memory: index_select by its bytes; gather by a sector of 32 bytes an element where neighbours point far apart.
#include "kernels/cuda/moved.h"
#include "kernels/index/index.h"

namespace ito::kernels {

namespace {

constexpr int threads = 256;

template <class T>
__global__ void __launch_bounds__(threads) gather_elements(const T* x, const int64_t* index, T* y, IndexShape s, int64_t n) {
  const int64_t at = global_thread();
  if (at >= n) return;
  const int64_t o = at / (s.count * s.inner), c = at % s.inner;
  y[at] = x[(o * s.extent + index[at]) * s.inner + c];
}

// A pack does not reach from one outer block into the next: count * inner is a multiple of its length.
// occupancy: >= 50 %
template <class T>
__global__ void __launch_bounds__(threads) gather_packs(const T* x, const int64_t* index, T* y, IndexShape s, uint32_t packs) {
  constexpr int lanes = 16 / int(sizeof(T));
  const auto p = uint32_t(global_thread());
  if (p >= packs) return;
  const uint32_t inner = uint32_t(s.inner), row = p * lanes / inner;
  uint32_t c = p * lanes - row * inner;
  const T* block = x + int64_t(row / uint32_t(s.count)) * s.extent * s.inner;
  Pack<T, lanes> out;
#pragma unroll
  for (int l = 0; l < lanes; l += 2) {
    const Pack<int64_t, 2> places = load_pack<int64_t, 2>(index + int64_t(p) * lanes + l);
#pragma unroll
    for (int k = 0; k < 2; ++k) {
      out.element[l + k] = block[places.element[k] * s.inner + c];
      c = c + 1 == inner ? 0 : c + 1;
    }
  }
  store_pack<T, lanes>(y + int64_t(p) * lanes, out);
}

// x and y in elements of any size, of which a slice has `inner`.
template <class E, class Index>
__global__ void __launch_bounds__(threads) select_elements(const E* x, const int64_t* index, E* y, IndexShape s, int64_t n) {
  const int64_t at = global_thread();
  if (at >= n) return;
  const Index row = Index(at) / Index(s.inner), c = Index(at) - row * Index(s.inner), o = row / Index(s.count), i = row - o * Index(s.count);
  y[at] = x[(int64_t(o) * s.extent + index[i]) * s.inner + int64_t(c)];
}

int64_t results(const IndexShape& s) { return s.outer * s.count * s.inner; }
unsigned blocks(int64_t n) { return unsigned((n + threads - 1) / threads); }

template <class T>
void gather_naive(const T* x, const int64_t* index, T* y, const IndexShape& s) {
  const int64_t n = results(s);
  if (n > 0) launch(&gather_elements<T>, {blocks(n), threads}, x, index, y, s, n);
}

template <class T>
void gather_packed(const T* x, const int64_t* index, T* y, const IndexShape& s) {
  constexpr int64_t lanes = 16 / sizeof(T);
  const int64_t n = results(s);
  if (n == 0) return;
  if (n > INT32_MAX || s.count * s.inner % lanes != 0 || !aligned_to(y, 16) || !aligned_to(index, 16)) return gather_naive(x, index, y, s);
  launch(&gather_packs<T>, {blocks(n / lanes), threads}, x, index, y, s, uint32_t(n / lanes));
}

template <class Index>
void select(const void* x, const int64_t* index, void* y, const IndexShape& s, size_t size) {
  const int64_t n = results(s);
  if (n == 0) return;
  with_element(size, [&]<class E>(E) {
    launch(&select_elements<E, Index>, {blocks(n), threads}, static_cast<const E*>(x), index, static_cast<E*>(y), s, n);
  });
}

template <class T>
void index_select_naive(const T* x, const int64_t* index, T* y, const IndexShape& s) {
  select<int64_t>(x, index, y, s, sizeof(T));
}

template <class T>
void index_select_packed(const T* x, const int64_t* index, T* y, const IndexShape& s) {
  const size_t size = widest_element(
      sizeof(T), [&](size_t bytes) { return aligned_to(x, bytes) && aligned_to(y, bytes) && s.inner % int64_t(bytes / sizeof(T)) == 0; });
  IndexShape packed = s;
  packed.inner /= int64_t(size / sizeof(T));
  return results(packed) > INT32_MAX ? select<int64_t>(x, index, y, packed, size) : select<uint32_t>(x, index, y, packed, size);
}

}  // namespace

ITO_REGISTER_KERNEL(Gather, Device::cuda, "naive", gather_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(Gather, Device::cuda, "packed", gather_packed, float, double, bfloat16);
ITO_REGISTER_KERNEL(IndexSelect, Device::cuda, "naive", index_select_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(IndexSelect, Device::cuda, "packed", index_select_packed, float, double, bfloat16);

}  // namespace ito::kernels
