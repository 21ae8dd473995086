// Kernels whose requests to memory are known; tests/simt/test_counters.cpp counts them.
#pragma once

namespace ito::checks {

void run_counted(const char* kernel);

}  // namespace ito::checks
