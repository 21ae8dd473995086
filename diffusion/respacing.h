// Which of DDPM's times a sampler visits when it takes fewer steps. alpha-bar at the kept times stays, so that a step between two of them is one with
// beta' = 1 - alpha-bar(t) / alpha-bar(s): transition(marginal(s), marginal(t)). Nichol & Dhariwal 2021, section 4 and eq. 19.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ito {

// Ascending times of 0 ... steps - 1 that `spacing` keeps, as Nichol & Dhariwal's code has it:
//   "250"        250 of all, evenly spread from the first to the last
//   "10,15,20"   the times in three parts of equal length, with 10, 15 and 20 kept of each
//   "ddim50"     every k-th from 0 on, for the whole k that gives 50 (Song et al. 2021)
// Throws Error for other words, more times than there are, and where no such k exists.
std::vector<int64_t> kept_times(int64_t steps, const std::string& spacing);

}  // namespace ito
