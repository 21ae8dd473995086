#include "diffusion/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tensor/error.h"

namespace ito {

std::vector<double> beta_schedule(const std::string& name, int64_t steps) {
  ITO_CHECK(steps >= 1, "a noise schedule needs at least one step, got ", steps);
  std::vector<double> betas;
  const double T = double(steps);
  if (name == "linear") {
    const double first = std::min(0.999, 1e-4 * 1000 / T), last = std::min(0.999, 0.02 * 1000 / T);
    for (int64_t t = 0; t < steps; ++t) betas.push_back(steps == 1 ? last : first + (last - first) * double(t) / (T - 1));
  } else if (name == "cosine") {
    const auto alpha_bar = [&](double t) { return std::pow(std::cos((t / T + 0.008) / 1.008 * std::numbers::pi / 2), 2); };
    for (int64_t t = 0; t < steps; ++t) betas.push_back(std::min(1 - alpha_bar(double(t + 1)) / alpha_bar(double(t)), 0.999));
  } else {
    fail("no noise schedule '", name, "'; there are: linear cosine");
  }
  return betas;
}

}  // namespace ito
