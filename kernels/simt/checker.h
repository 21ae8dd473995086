// The checked way of running kernels: every access of the instrumented set of kernels (compiled with -fsanitize=thread, see hooks.cpp) is looked at.
//
// Two accesses of one launch to the same bytes, not both reads and not both atomic, by different threads, are a race unless something orders them:
//   in one block       a __syncthreads() between them, or a __syncwarp() in which both lanes, or a chain of lanes between them, took part;
//   in two blocks      nothing does.
// Shuffles and votes order nothing, as in CUDA. Besides: bytes read that nobody wrote (shared memory: in this block), accesses outside
// of every allocation, misaligned accesses, and kernels that touch the host's memory. What is remembered of the past is in shadow.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/simt/notes.h"

namespace ito::simt {

void checker_begin_launch();
void checker_begin_block(int64_t block);
void checker_end_block();
void checker_barrier();  // all threads of the block have met
void checker_warp_operation(uint32_t mask, int first_lane);
void checker_trust_all();  // everything allocated so far counts as written

// From copies and fills: the device's bytes are written; or the host reads them.
void checker_note_host_write(const void* data, size_t bytes);
void checker_note_host_read(const void* data, size_t bytes);

// From the hooks. `instruction` is where the kernel does it.
void checker_access(const void* address, size_t bytes, AccessKind kind, const void* instruction);
void checker_out_of_bounds(const char* file, int line, const char* array_type, int64_t index);
void checker_misaligned(const char* file, int line, const char* type, const void* address, size_t alignment);

}  // namespace ito::simt
