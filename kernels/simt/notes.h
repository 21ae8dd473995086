// What kernels tell the checker (checker.h) besides what the compiler's own calls tell it (hooks.cpp).
#pragma once

#include <cstddef>
#include <cstdint>

namespace ito::simt {

enum class AccessKind : uint8_t { read, write, atomic };

// An access that the compiler does not see: an atomic, a fragment of a matrix. What comes before the return address is where the kernel does it.
void note_access(const void* address, size_t bytes, AccessKind kind, const void* return_address);

// The lanes of the mask meet: what each did before is ordered before what any does after.
void checker_sync_warp(uint32_t mask, int first_lane);

}  // namespace ito::simt
