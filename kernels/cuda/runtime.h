// The CUDA device as the host sees it: memory, copies, waiting. kernels/simt/ implements it by emulation,
// device_off.cpp for builds without.
#pragma once

#include <cstddef>

namespace ito::cuda {

// Whether this build has a device (ITO_CUDA is not OFF) and, when it is a real one, the machine has it.
bool available();
bool emulated();

// 256-byte aligned; null when the device is full. Not initialised.
std::byte* allocate(size_t bytes);
// Waits until no kernel uses the memory.
void release(std::byte* memory);

// Copies between host and device, either way, or within one, after all that was launched before; done when it returns.
void copy(void* to, const void* from, size_t bytes);

// Waits for all launches. Throws Error with what went wrong in them.
void synchronize();

}  // namespace ito::cuda
