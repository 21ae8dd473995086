// The CUDA device as the host sees it: memory, copies, waiting, time. runtime_cuda.cpp implements it on a GPU, kernels/simt/ by emulation,
// device_off.cpp for builds without.
//
// What is launched and copied runs in one order, that of a single stream: memory that a kernel still uses can be handed to the next one.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace ito::cuda {

// Whether this build has a device (ITO_CUDA is not OFF) and, when it is a real one, the machine has it.
bool available();
bool emulated();
// "NVIDIA H100 80GB HBM3, sm_90, 132 multiprocessors". Of several devices the first is used; CUDA_VISIBLE_DEVICES says which those are.
std::string device_name();

// 256-byte aligned; null when the device is full. Not initialised.
std::byte* allocate(size_t bytes);
// Waits until no kernel uses the memory.
void release(std::byte* memory);

// Copies between host and device, either way, or within one, after all that was launched before. When it returns, `from` may be written and, on
// the host, `to` be read. The ranges may overlap on one device.
void copy(void* to, const void* from, size_t bytes);

// Waits for all launches. Throws Error with what went wrong in them.
void synchronize();

// How long the device takes for what `work` launches: between two events on the stream of a GPU, by the host's clock where it is emulated.
double seconds(const std::function<void()>& work);

}  // namespace ito::cuda
