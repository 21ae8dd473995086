// Line plots and pictures of points, as PNG.
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

struct ScatterOptions {
  std::string title = {};
  int64_t size = 240;                              // pixels a side
  double scale = 1;                                // the axes show a point times this
  double reach = 0;                                // the axes go from -reach to reach; 0: as far as the points do
  std::array<uint8_t, 3> colour = {31, 119, 180};  // of a dot; where several fall together it is darker
};

// Points f32 (N, 1, 1, 2) or (N, 2) as small dots, with one unit as long on both axes: u8 (size, size, 3). Points that are not finite, or beyond the
// axes, are left out; throws Error when no finite one is there.
Tensor scatter(const Tensor& points, const ScatterOptions& options = {});

}  // namespace ito
