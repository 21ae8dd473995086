// Barriers can be watched and left out, one at a time, without compiling anything anew: the test that removes each barrier of the shipped kernels in
// turn (tests/cuda/test_cuda_barriers.cpp) asks whether somebody notices.
#pragma once

#include <set>
#include <string>
#include <utility>

namespace ito::simt {

using BarrierPlace = std::pair<std::string, int>;  // file as the compiler was given it, line

// While watched, the places of the barriers that kernels come to are noted. Both wait for the device first.
void watch_barriers(bool on);
std::set<BarrierPlace> take_barriers();
// The barrier of that line, __syncthreads() or __syncwarp(), does nothing from now on; line 0 lifts that.
void leave_out_barrier(const BarrierPlace& place);

extern bool barriers_watched;
bool barrier_left_out_slowly(const char* file, int line);
inline bool barrier_left_out(const char* file, int line) { return barriers_watched && barrier_left_out_slowly(file, line); }

}  // namespace ito::simt
