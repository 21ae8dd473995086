// The built-in variables of a CUDA kernel, as every OS thread of the emulator sees them for the lane that it runs.
#pragma once

#include <cstddef>
#include <cstdint>

struct uint3 {
  unsigned x, y, z;
};

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
  constexpr int64_t count() const { return int64_t(x) * y * z; }
};

namespace ito::simt {

struct Variables {
  uint3 thread{0, 0, 0}, block{0, 0, 0};
  dim3 block_size, grid_size;
  int lane = 0;                      // of the block
  const std::byte* stack = nullptr;  // of the lane: Fiber::memory_bytes
  bool traced = false;               // a kernel's own code runs, and its accesses are looked at
};
extern thread_local constinit Variables variables;

constexpr int warp_size = 32;

}  // namespace ito::simt
