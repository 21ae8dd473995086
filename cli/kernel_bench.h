// The timing half of the workbench.
#pragma once

#include <string>
#include <vector>

#include "tests/cases/case.h"

namespace ito::cli {

// Prints a line a variant of every kernel that has `op` in its name, after its cases have been run with it: times on the cpu and on a real GPU,
// counts on the emulated device.
void bench_kernel(const std::string& op, Device device, const std::string& variant);

// The case lists of an op ("softmax"), or those that run a kernel ("softmax_forward"). Throws Error when there is no such name.
std::vector<checks::CaseList> lists_for(const std::string& name);

}  // namespace ito::cli
