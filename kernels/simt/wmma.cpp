#include "kernels/simt/cuda.h"

#include <algorithm>

#include "tensor/error.h"

namespace ito::simt {

namespace {

// The place of a lane's element: on which row (column), the how manieth.
struct Spot {
  int line, offset;
};

int run_length(const Tile& t) { return std::min(16 / t.element_bytes, t.rows * t.cols / warp_size); }

// Lanes take one run after the other, lane 0 or, when lanes run in reverse order, lane 31 first.
Spot spot_of(const Tile& t, int lane, int element) {
  const int run = run_length(t), along = t.by_columns ? t.rows : t.cols;
  const int lane_place = settings().order == Order::reverse ? warp_size - 1 - lane : lane;
  const int index = (element / run * warp_size + lane_place) * run + element % run;
  return {index / along, index % along};
}

void check_agreement(uint32_t, void* const* values) {
  const auto& first = *static_cast<const TileAccess*>(values[0]);
  for (int l = 1; l < warp_size; ++l) {
    const auto& other = *static_cast<const TileAccess*>(values[l]);
    const char* what = other.memory != first.memory                         ? "address"
                       : other.ldm != first.ldm                             ? "ldm"
                       : other.memory_by_columns != first.memory_by_columns ? "layout"
                                                                            : nullptr;
    if (what) current_block().stop(text(first.name, " at ", text_of(first.place), ": lane ", l, " gives another ", what, " than lane 0"));
  }
}

// The warp meets; then calls move(place in memory, place among the lane's elements, bytes) for what lies together.
template <class Move>
void move_tile(const TileAccess& access, Move&& move) {
  Block& block = current_block();
  const Tile& t = access.tile;
  block.warp_call({access.name, 0xffffffffU, check_agreement, const_cast<TileAccess*>(&access), access.place});
  const auto refuse = [&](const auto&... parts) {
    variables.traced = false;
    block.stop(text(access.name, " at ", text_of(access.place), ": ", parts...));
  };
  const int step = t.element_bytes == 2 ? 8 : 4;
  if (reinterpret_cast<uintptr_t>(access.memory) % 32 != 0) refuse("the address is not a multiple of 32");
  if (access.ldm % unsigned(step) != 0) refuse("ldm is ", access.ldm, ", which is not a multiple of ", step);
  const int elements = t.rows * t.cols / warp_size;
  const int together = access.memory_by_columns == t.by_columns ? run_length(t) : 1;
  for (int e = 0; e < elements; e += together) {
    const Spot spot = spot_of(t, variables.lane % warp_size, e);
    const int64_t at = together > 1 ? int64_t(spot.line) * access.ldm + spot.offset : int64_t(spot.offset) * access.ldm + spot.line;
    move(at * t.element_bytes, int64_t(e) * t.element_bytes, size_t(together) * size_t(t.element_bytes));
  }
}

// The largest fragments are 32 x 16.
constexpr int most = 512;

// Calls body(place in a matrix by rows, lane, element).
template <class Body>
void each_element(const Tile& t, Body&& body) {
  const int run = run_length(t), along = t.by_columns ? t.cols : 1, across = t.by_columns ? 1 : t.cols;
  for (int lane = 0; lane < warp_size; ++lane)
    for (int e = 0; e < t.rows * t.cols / warp_size; e += run) {
      const Spot spot = spot_of(t, lane, e);
      const int at = spot.line * across + spot.offset * along;
      for (int i = 0; i < run; ++i) body(at + i * along, lane, e + i);
    }
}

template <class T>
void gather(float* matrix, const Tile& t, void* const* values, const T* TileProduct::*elements) {
  each_element(t, [&](int at, int lane, int e) { matrix[at] = float((static_cast<const TileProduct*>(values[lane])->*elements)[e]); });
}

void multiply(uint32_t, void* const* values) {
  const auto& own = *static_cast<const TileProduct*>(values[0]);
  float a[most], b[most], c[most];
  gather(a, own.a, values, &TileProduct::a_elements);
  gather(b, own.b, values, &TileProduct::b_elements);
  gather(c, own.c, values, &TileProduct::c_elements);
  const int m = own.c.rows, n = own.c.cols, k = own.a.cols;
  for (int i = 0; i < m; ++i)
    for (int l = 0; l < k; ++l)
      for (int j = 0; j < n; ++j) c[i * n + j] += a[i * k + l] * b[l * n + j];
  each_element(own.c, [&](int at, int lane, int e) { static_cast<const TileProduct*>(values[lane])->d_elements[e] = c[at]; });
}

}  // namespace

void load_tile(const TileAccess& access, void* elements) {
  const void* caller = __builtin_return_address(0);
  move_tile(access, [&](int64_t from, int64_t to, size_t bytes) {
    const auto* memory = static_cast<const std::byte*>(access.memory) + from;
    note_access(memory, bytes, AccessKind::read, caller);
    std::memcpy(static_cast<std::byte*>(elements) + to, memory, bytes);
  });
}

void store_tile(const TileAccess& access, const void* elements) {
  const void* caller = __builtin_return_address(0);
  move_tile(access, [&](int64_t to, int64_t from, size_t bytes) {
    auto* memory = static_cast<std::byte*>(const_cast<void*>(access.memory)) + to;
    note_access(memory, bytes, AccessKind::write, caller);
    std::memcpy(memory, static_cast<const std::byte*>(elements) + from, bytes);
  });
}

void multiply_tiles(const TileProduct& product, Place place) {
  current_block().warp_call({"mma_sync", 0xffffffffU, multiply, const_cast<TileProduct*>(&product), place});
}

}  // namespace ito::simt
