// The figures of docs/theory: plots of what a test has computed, written to the folder that the environment variable ITO_PICTURES names, if it names
// one.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "data/plot.h"
#include "data/png.h"

namespace ito::theory {

inline void picture(const std::string& name, const std::vector<Curve>& curves, const PlotOptions& options) {
  if (const char* folder = std::getenv("ITO_PICTURES")) write_png(std::string(folder) + "/" + name + ".png", plot(curves, options));
}

// A density by counting, as steps.
inline Curve histogram(std::span<const double> samples, double low, double high, int bins) {
  const double width = (high - low) / bins;
  std::vector<double> counts(static_cast<size_t>(bins));
  for (const double x : samples)
    if (x >= low && x < high) ++counts[std::min(size_t((x - low) / width), counts.size() - 1)];
  Curve curve;
  for (int b = 0; b < bins; ++b)
    for (const int end : {0, 1}) {
      curve.x.push_back(low + (b + end) * width);
      curve.y.push_back(counts[size_t(b)] / (double(samples.size()) * width));
    }
  return curve;
}

}  // namespace ito::theory
