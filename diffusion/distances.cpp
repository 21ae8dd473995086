#include "diffusion/distances.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "kernels/parallel.h"

namespace ito {

namespace {

// Random numbers of resample_floor(); streams 0 and 1 are the training and the test set.
enum Stream : uint32_t { first_draw = 2 };

int64_t check_points(const Tensor& p) {
  const bool pairs = p.dtype() == DType::f32 && p.rank() >= 2 && p.extent(-1) == 2 && p.numel() == 2 * p.extent(0) && p.extent(0) > 0;
  ITO_CHECK(pairs, "expected f32 points (N, 1, 1, 2) or (N, 2), got ", p.dtype(), " ", p.shape());
  return p.extent(0);
}

std::vector<double> projected(const Tensor& points, double angle) {
  const float* p = points.data<float>();
  std::vector<double> out(size_t(points.extent(0)));
  for (size_t i = 0; i < out.size(); ++i) out[i] = std::cos(angle) * double(p[2 * i]) + std::sin(angle) * double(p[2 * i + 1]);
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

double sliced_wasserstein(const Tensor& a, const Tensor& b, const SlicedOptions& o) {
  const int64_t n = check_points(a);
  ITO_CHECK(check_points(b) == n, "sliced Wasserstein distance: both sets must have as many points, got ", n, " and ", b.extent(0));
  ITO_CHECK((o.order == 1 || o.order == 2) && o.projections >= 1, "sliced Wasserstein distance: order 1 or 2 and at least one projection, got ",
            o.order, " and ", o.projections);
  for (const Tensor& points : {a, b})
    ITO_CHECK(std::all_of(points.data<float>(), points.data<float>() + 2 * n, [](float x) { return std::isfinite(x); }),
              "sliced Wasserstein distance: a point is not finite");
  std::vector<double> by_angle(size_t(o.projections));
  kernels::parallel_for(o.projections, 1, [&](int64_t first, int64_t) {
    const double angle = std::numbers::pi * double(first) / double(o.projections);
    const std::vector<double> x = projected(a, angle), y = projected(b, angle);
    double sum = 0;
    for (size_t i = 0; i < x.size(); ++i) sum += o.order == 1 ? std::abs(x[i] - y[i]) : (x[i] - y[i]) * (x[i] - y[i]);
    by_angle[size_t(first)] = sum / double(n);
  });
  double sum = 0;
  for (const double w : by_angle) sum += w;
  const double mean = sum / double(o.projections);
  return o.order == 1 ? mean : std::sqrt(mean);
}

double resample_floor(const std::string& point_set, int64_t count, const SlicedOptions& options, int64_t pairs) {
  ITO_CHECK(pairs >= 1, "resample floor: at least one pair of draws, got ", pairs);
  double sum = 0;
  for (int64_t k = 0; k < pairs; ++k) {
    const auto draw = [&](int64_t which) { return draw_points(point_set, count, {.stream = uint32_t(first_draw + 2 * k + which)}).points; };
    sum += sliced_wasserstein(draw(0), draw(1), options);
  }
  return sum / double(pairs);
}

std::vector<double> component_shares(const Tensor& points, const PointSet& set) {
  ITO_CHECK(!set.components.empty(), "'", set.name, "' is no mixture: it has no components to count");
  const int64_t n = check_points(points);
  const float* p = points.data<float>();
  std::vector<double> shares(set.components.size());
  for (int64_t i = 0; i < n; ++i) {
    size_t nearest = 0;
    double least = std::numeric_limits<double>::infinity();
    for (size_t k = 0; k < shares.size(); ++k) {
      const auto& mean = set.components[k].mean;
      const double distance = std::hypot(set.scale * double(p[2 * i]) - mean[0], set.scale * double(p[2 * i + 1]) - mean[1]);
      if (distance < least) least = distance, nearest = k;
    }
    shares[nearest] += 1 / double(n);
  }
  return shares;
}

}  // namespace ito
