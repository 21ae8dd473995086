// Line plots as PNG.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace ito {

struct Curve {
  std::vector<double> x, y;
  std::array<uint8_t, 3> colour = {31, 119, 180};
  std::string name = {};  // in the legend, bottom left, when it has one
};

struct PlotOptions {
  std::string title = {}, x_label = {};
  int64_t width = 640, height = 360;
  bool log_y = false;
};

// u8 (height, width, 3). Values that are not finite, or not positive on a logarithmic axis, are left out; throws Error when nothing is left.
Tensor plot(const std::vector<Curve>& curves, const PlotOptions& options);

}  // namespace ito
