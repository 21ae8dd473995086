// The timing half of the workbench.
#pragma once

#include <string>

#include "tensor/memory.h"

namespace ito::cli {

// Prints a line a variant of every kernel that has `op` in its name: times on the cpu and on a real GPU, counts on the emulated device.
void bench_kernel(const std::string& op, Device device, const std::string& variant);

}  // namespace ito::cli
