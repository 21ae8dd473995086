// The checked way of running kernels: every access of the instrumented set of kernels (compiled with -fsanitize=thread, see hooks.cpp) is looked at.
//
// For each byte of device and of shared memory the shadow holds the last two writes (when both are atomic) and the last two reads by different
// threads. Two accesses of one launch, not both reads and not both atomic, by different threads, are a race unless something orders them:
//   in one block       a __syncthreads() between them, or a __syncwarp() in which both lanes, or a chain of lanes between them, took part;
//   in two blocks      nothing does.
// Shuffles and votes order nothing, as in CUDA. Besides: bytes read that nobody wrote (shared memory: in this block), accesses outside
// of every allocation, misaligned accesses, and kernels that touch the host's memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ito::simt {

struct Access {
  uint32_t launch = 0;  // 0: never
  uint32_t block = 0, interval = 0, clock = 0;
  uint16_t lane = 0;
  bool atomic = false;
  const void* instruction = nullptr;
};

// One byte.
struct Cell {
  Access write, other_write, read, other_read;
};

struct Shadow {
  explicit Shadow(size_t bytes);
  Cell* cells;  // all zero at first: from calloc, so that untouched pages cost nothing
  std::vector<bool> written;
  ~Shadow();
  Shadow(const Shadow&) = delete;
  Shadow& operator=(const Shadow&) = delete;
};

void checker_begin_launch();
void checker_begin_block(int64_t block);
void checker_throw_findings();  // throws Error with the first, when there are any
void checker_trust_all();       // everything allocated so far counts as written

// From copies and fills: the device's bytes are written; or the host reads them.
void checker_note_host_write(const void* data, size_t bytes);
void checker_note_host_read(const void* data, size_t bytes);

// From the hooks. `instruction` is where the kernel does it.
enum class AccessKind : uint8_t { read, write, atomic };
void checker_access(const void* address, size_t bytes, AccessKind kind, const void* instruction);
void checker_out_of_bounds(const char* file, int line, const char* array_type, int64_t index);
void checker_misaligned(const char* file, int line, const char* type, const void* address, size_t alignment);

// An access that the compiler does not see: an atomic, a fragment of a matrix. What comes before the return address is where the kernel does it.
void note_access(const void* address, size_t bytes, AccessKind kind, const void* return_address);

// The lanes of the mask meet: what each did before is ordered before what any does after.
void checker_sync_warp(uint32_t mask, int first_lane);

}  // namespace ito::simt
