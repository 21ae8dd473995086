// How much an image looks like one filled triangle on black (data/triangles.h): the best overlap with a triangle.
//   m = s(largest channel, as 0 ... 1)     s(v) = clamp((v - 0.2) / 0.6, 0, 1)        neither noise below 0.2 nor grey above 0.8 counts
//   score = max over triangles T on the canvas of sum min(m, s(c_T)) / sum max(m, s(c_T))
// the intersection over union of soft masks, c_T being the share of each pixel that T covers, or 1 where T holds its centre, whichever fits better:
// so that every drawing can reach 1. T is sought corner by corner, from the largest triangle between corners of the mask or of its largest part, and
// from one that has its mean and covariance. A disc reaches 0.70, a square 0.71, two triangles apart the share of the larger. Of 1,000 random
// triangles at 32 x 32, 0.90 (exact), 0.90 (reduced) and 0.94 (aliased) count as triangles, with noise of deviation 0.05 still 0.87, 0.87 and 0.94:
// all of an area from 32 pixels on, 95 % from 16 to 32, few below 4. Such are the shares to compare those of generated images with.
#pragma once

#include "data/triangles.h"

namespace ito {

struct TriangleFit {
  double score = 0;        // intersection over union, 0 to 1
  Triangle triangle = {};  // in units of the canvas
  double area = 0;         // of the mask, in pixels; below least_triangle_area the score is 0
};

// Less than two pixels have no shape to tell: blank images and the thinnest of the real triangles score 0.
constexpr double least_triangle_area = 2;
// An image counts as a triangle above this.
constexpr double valid_triangle = 0.9;

// One image, f32 (H, H, C) in [-1, 1], -1 black. Throws Error when it is not square.
TriangleFit fit_triangle(const Tensor& image);

struct TriangleScores {
  std::vector<double> score;  // an image
  double valid = 0;           // share above valid_triangle
  double mean = 0;
};
// f32 (N, H, H, C), in parallel.
TriangleScores triangle_scores(const Tensor& images);

}  // namespace ito
