// What every op must pass; each check returns the failures as lines, empty when all is well.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "kernels/registry.h"
#include "tests/cases/case.h"

namespace ito::checks {

// Pins a variant of every op that has it; restores the default kernels, also when a check throws.
struct Pinned {
  explicit Pinned(const char* variant) { kernels::pin_variant("*", variant); }
  ~Pinned() { kernels::pin_variant("*", ""); }
};

struct Report {
  int cases = 0;
  int checks = 0;
  std::vector<std::string> failures;
};

struct CheckOptions {
  Device device = Device::cpu;
  bool traced = false;    // on the emulated device: look at every access (values and first gradients of the f32 variants only)
  std::string variant{};  // one variant instead of all
};

// All cases of one list, on the cpu:
//   values      every kernel variant in f64, f32 (and bf16 where the op takes it) against the f64 reference, NaN and inf first
//   gradients   f64 differences, first and second order; fused against recorded rule; f32 variants against the f64 reference
//   equal bits  a second run, and 1, 2 and 3 threads
// and on cuda:
//   values      every variant against the cpu's f64 reference, as above
//   gradients   second order against the cpu's in f64; differences where the inputs are few
//   equal bits  lanes and blocks in reverse and in shuffled order, other numbers of multiprocessors
//   traced      no finding of the emulator's checker
Report check_op(const CaseList& list, const CheckOptions& options = {});

// One case by itself: its values and first gradients with the variant, in f32 or bf16; traced when the emulator's settings say so.
// What differs from the reference or is found, "" when nothing.
std::string run_case(const Case& one, const std::string& variant, DType dtype, Device device = Device::cuda);
// The kernels that the case and its first gradients call.
std::set<std::string> kernels_of(const Case& one);
// The case list of an op ("softmax"), or those whose cases run a kernel ("softmax_forward"); empty when nothing is called so.
std::vector<CaseList> lists_for(const std::string& name);
// The variants that the case's kernels have on the device.
std::set<std::string> device_variants(const Case& one);

// Kernel variants of the device, and ops, that no check has run so far: "op f32 cpu:variant (file:line)".
std::vector<std::string> never_run(Device device);

}  // namespace ito::checks
