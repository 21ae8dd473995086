// How far apart two sets of points in the plane are, and how the points of a mixture are shared out.
//   W_p^p(x, y) = 1/n sum_i |x_(i) - y_(i)|^p                   n numbers each, sorted: the Wasserstein distance on the line
//   SW_p^p(P, Q) = 1/K sum_k W_p^p(<P, e_k>, <Q, e_k>)          e_k = (cos, sin)(pi k / K), k = 0 ... K - 1
// Bonneel et al. 2015, "Sliced and Radon Wasserstein barycenters of measures", definition 2, with directions evenly spread instead of drawn: the
// distance of two given sets is always the same number.
#pragma once

#include "data/points.h"

namespace ito {

struct SlicedOptions {
  int order = 2;             // p, 1 or 2
  int64_t projections = 64;  // K
};

// SW_p of points (N, 1, 1, 2) or (N, 2), f32, in their unit. For a set and itself moved by d it is |d| / sqrt(2) for p = 2, and 2 |d| / pi for p = 1
// as K grows. Throws Error unless both have the same number of points and all are finite.
double sliced_wasserstein(const Tensor& a, const Tensor& b, const SlicedOptions& options = {});

// What SW_p of `count` points of the set and as many others of the same set is, the mean of `pairs` pairs of draws: no sample of that size can be
// expected to come closer. In the unit that networks see, as of points from a Loader or a sampler. Throws Error for an unknown set.
// A distance of one pair varies by a third of its value; a mean over pairs says more.
double resample_floor(const std::string& point_set, int64_t count, const SlicedOptions& options = {}, int64_t pairs = 8);

// The share of the points that is nearest to each component's mean: about its weight, where components do not overlap. Points as networks see them.
// Throws Error when the set is no mixture.
std::vector<double> component_shares(const Tensor& points, const PointSet& set);

}  // namespace ito
