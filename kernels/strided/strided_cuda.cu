// Walks through memory: y[i] = x[o(i)] and y[o(i)] = x[i]. Nothing is computed, so the kernels know elements only by their size, and both ops are one
// copy in which each side has its stride an axis.
//
// 1. naive    one element a thread, whose index is taken apart into coordinates: two 64-bit divisions an axis.
// 2. packed   where neighbours move together, 16 bytes at a time (8, 4 or 2 where the walk is made of no more), and 32-bit divisions. Limited by
//             memory where the innermost axis is contiguous on both sides; in a transpose a warp meets 32 sectors for 32 elements on one of them.
// 3. tiled    transposes go through a tile of shared memory: a warp reads along the axis that is dense on one side, and writes along the one that
//             is on the other. Limited by memory.
#include "kernels/cuda/moved.h"
#include "kernels/strided/strided.h"
#include "tensor/error.h"

namespace ito::kernels {

namespace {

// Both sides of a copy, for a kernel's argument: axes outermost first, neighbours merged where both sides allow it.
struct Sides {
  static constexpr int max_rank = 8;
  int rank = 0;
  int64_t extent[max_rank], from[max_rank], to[max_rank];

  // The walk's elements are read (`to` is dense), or written (`from` is).
  Sides(const Walk& walk, bool written) {
    const Walk merged = walk.merged();
    ITO_CHECK(merged.axes.size() <= max_rank, "a walk of ", merged.axes.size(), " axes; the cuda kernels take ", max_rank);
    for (const Walk::Axis& axis : merged.axes) {
      extent[rank] = axis.extent;
      (written ? to : from)[rank++] = axis.stride;
    }
    int64_t dense = 1;
    for (int axis = rank - 1; axis >= 0; dense *= extent[axis--]) (written ? from : to)[axis] = dense;
  }

  int64_t numel() const {
    int64_t n = 1;
    for (int axis = 0; axis < rank; ++axis) n *= extent[axis];
    return n;
  }

  // In units of `lanes` neighbours. Returns false when the walk is not made of them.
  bool pack(int64_t lanes) {
    const int last = rank - 1;
    bool whole = from[last] == 1 && to[last] == 1 && extent[last] % lanes == 0;
    for (int axis = 0; axis < last; ++axis) whole = whole && from[axis] % lanes == 0 && to[axis] % lanes == 0;
    if (!whole) return false;
    for (int axis = 0; axis < last; ++axis) {
      from[axis] /= lanes;
      to[axis] /= lanes;
    }
    extent[last] /= lanes;
    return true;
  }
};

struct Offsets {
  int64_t from = 0, to = 0;
  // Of element `index` of the axes but `skipped_a` and `skipped_b`.
  template <class Index>
  __device__ Offsets(const Sides& sides, Index index, int skipped_a = -1, int skipped_b = -1) {
    for (int axis = sides.rank - 1; axis >= 0; --axis) {
      if (axis == skipped_a || axis == skipped_b) continue;
      const Index rest = index / Index(sides.extent[axis]), coordinate = index - rest * Index(sides.extent[axis]);
      from += int64_t(coordinate) * sides.from[axis];
      to += int64_t(coordinate) * sides.to[axis];
      index = rest;
    }
  }
};

constexpr int threads = 256;

// occupancy: >= 75 %
template <class E, class Index>
__global__ void __launch_bounds__(threads) copy_elements(const E* from, E* to, Sides sides, int64_t n) {
  const int64_t i = global_thread();
  if (i >= n) return;
  const Offsets at(sides, Index(i));
  to[at.to] = from[at.from];
}

// One tile of the plane of axes `read` and `written`, the dense ones of the two sides. Block: (32, 8), the lanes of a warp along one of them. A row
// of the tile is an odd number of banks long, so that its columns lie in different banks.
constexpr int tile = 32, tile_rows = 8;

// occupancy: >= 75 %
template <class E>
__global__ void __launch_bounds__(tile* tile_rows) copy_tiles(const E* from, E* to, Sides sides, int read, int written) {
  constexpr int padding = sizeof(E) < 4 ? 4 / int(sizeof(E)) : 1;
  __shared__ E part[tile][tile + padding];
  const int64_t read_extent = sides.extent[read], write_extent = sides.extent[written];
  const auto read_tiles = uint32_t((read_extent + tile - 1) / tile), write_tiles = uint32_t((write_extent + tile - 1) / tile);
  const uint32_t row = blockIdx.x / write_tiles, plane = row / read_tiles;
  const int64_t r0 = int64_t(row - plane * read_tiles) * tile, w0 = int64_t(blockIdx.x - row * write_tiles) * tile;
  const Offsets at(sides, plane, read, written);
  const int lane = int(threadIdx.x);
  const E* source = from + at.from + (r0 + lane) * sides.from[read] + w0 * sides.from[written];
  for (int k = int(threadIdx.y); k < tile; k += tile_rows)
    if (r0 + lane < read_extent && w0 + k < write_extent) part[k][lane] = source[k * sides.from[written]];
  __syncthreads();
  E* target = to + at.to + r0 * sides.to[read] + (w0 + lane) * sides.to[written];
  for (int k = int(threadIdx.y); k < tile; k += tile_rows)
    if (w0 + lane < write_extent && r0 + k < read_extent) target[k * sides.to[read]] = part[lane][k];
}

void copy_naive(const void* from, void* to, const Sides& sides, size_t size) {
  const int64_t n = sides.numel();
  if (n == 0) return;
  const auto blocks = unsigned((n + threads - 1) / threads);
  with_element(size, [&]<class E>(E) {
    launch(&copy_elements<E, int64_t>, {blocks, threads}, static_cast<const E*>(from), static_cast<E*>(to), sides, n);
  });
}

void copy_packed(const void* from, void* to, Sides sides, size_t size) {
  const size_t unit =
      widest_element(size, [&](size_t bytes) { return aligned_to(from, bytes) && aligned_to(to, bytes) && sides.pack(int64_t(bytes / size)); });
  const int64_t n = sides.numel();
  if (n == 0) return;
  if (n > INT32_MAX) return copy_naive(from, to, sides, unit);
  const auto blocks = unsigned((n + threads - 1) / threads);
  with_element(unit, [&]<class E>(E) {
    launch(&copy_elements<E, uint32_t>, {blocks, threads}, static_cast<const E*>(from), static_cast<E*>(to), sides, n);
  });
}

// The axis with the smallest steps; the last of equals. Steps of 0 stay in the cache.
int densest(const Sides& sides, const int64_t* stride) {
  int best = sides.rank - 1;
  for (int axis = sides.rank - 2; axis >= 0; --axis)
    if (stride[axis] != 0 && std::abs(stride[axis]) < std::abs(stride[best])) best = axis;
  return best;
}

// A tile pays where both of its axes fill half of a warp, and the step that it avoids leaves a sector of 32 bytes.
void copy_tiled(const void* from, void* to, const Sides& sides, size_t size) {
  const int read = densest(sides, sides.from), written = densest(sides, sides.to);
  const int64_t step = std::min(std::abs(sides.from[written]), std::abs(sides.to[read])), r = sides.extent[read], w = sides.extent[written];
  if (read == written || r < tile / 2 || w < tile / 2 || step * int64_t(size) < 32) return copy_packed(from, to, sides, size);
  const int64_t n = sides.numel();
  if (n == 0) return;
  const auto blocks = unsigned(n / (r * w) * ((r + tile - 1) / tile) * ((w + tile - 1) / tile));
  with_element(size, [&]<class E>(E) {
    if constexpr (sizeof(E) <= 8)
      launch(&copy_tiles<E>, {blocks, {tile, tile_rows}}, static_cast<const E*>(from), static_cast<E*>(to), sides, read, written);
  });
}

template <class T>
void read_naive(const T* x, T* y, const Walk& walk) {
  copy_naive(x, y, Sides(walk, false), sizeof(T));
}
template <class T>
void read_packed(const T* x, T* y, const Walk& walk) {
  copy_packed(x, y, Sides(walk, false), sizeof(T));
}
template <class T>
void read_tiled(const T* x, T* y, const Walk& walk) {
  copy_tiled(x, y, Sides(walk, false), sizeof(T));
}
template <class T>
void write_naive(const T* x, T* y, const Walk& walk) {
  copy_naive(x, y, Sides(walk, true), sizeof(T));
}
template <class T>
void write_packed(const T* x, T* y, const Walk& walk) {
  copy_packed(x, y, Sides(walk, true), sizeof(T));
}
template <class T>
void write_tiled(const T* x, T* y, const Walk& walk) {
  copy_tiled(x, y, Sides(walk, true), sizeof(T));
}

}  // namespace

ITO_REGISTER_KERNEL(StridedRead, Device::cuda, "naive", read_naive, float, double, bfloat16, int64_t, int32_t, uint8_t, bool);
ITO_REGISTER_KERNEL(StridedRead, Device::cuda, "packed", read_packed, float, double, bfloat16, int64_t, int32_t, uint8_t, bool);
ITO_REGISTER_KERNEL(StridedRead, Device::cuda, "tiled", read_tiled, float, double, bfloat16, int64_t, int32_t, uint8_t, bool);
ITO_REGISTER_KERNEL(StridedWrite, Device::cuda, "naive", write_naive, float, double, bfloat16, int64_t, int32_t, uint8_t, bool);
ITO_REGISTER_KERNEL(StridedWrite, Device::cuda, "packed", write_packed, float, double, bfloat16, int64_t, int32_t, uint8_t, bool);
ITO_REGISTER_KERNEL(StridedWrite, Device::cuda, "tiled", write_tiled, float, double, bfloat16, int64_t, int32_t, uint8_t, bool);

}  // namespace ito::kernels
