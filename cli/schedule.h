// Pictures of noise schedules.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace ito::cli {

// Of the schedule with this place in a list: the same in every plot.
std::array<uint8_t, 3> curve_colour(size_t index);
// alpha-bar above, beta below; tables of betas with their names: u8 (H, W, 3).
Tensor schedule_plot(const std::vector<std::string>& names, const std::vector<std::vector<double>>& tables);

// Empty where x_T may pass for noise.
std::string prior_warning(const std::string& name, const std::vector<double>& betas);

}  // namespace ito::cli
