// What this machine can do at most: measured, not looked up.
#pragma once

#include <functional>

#include "tensor/memory.h"

namespace ito::bench {

struct Peaks {
  double bytes_per_second = 0;  // of a copy between two buffers as large as the benches', read and written
  double flops_per_second = 0;  // of f32 multiply-adds in registers
};
// On all threads of the cpu; of a real cuda device (not the emulated one).
Peaks measured_peaks(Device device);

// The shortest of several runs, in seconds; waits for the device.
double seconds_of(const std::function<void()>& run);

}  // namespace ito::bench
