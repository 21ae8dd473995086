// What every op must pass; each check returns the failures as lines, empty when all is well.
#pragma once

#include <string>
#include <vector>

#include "tests/cases/case.h"

namespace ito::checks {

struct Report {
  int cases = 0;
  int checks = 0;
  std::vector<std::string> failures;
};

// All cases of one list:
//   values      every kernel variant in f64, f32 (and bf16 where the op takes it) against the f64 reference, NaN and inf first
//   gradients   f64 differences, first and second order; fused against recorded rule; f32 variants against the f64 reference
//   equal bits  a second run, and 1, 2 and 3 threads
Report check_op(const CaseList& list);

// Kernel variants and ops that no check has run so far: "op f32 cpu:variant (file:line)".
std::vector<std::string> never_run();

}  // namespace ito::checks
