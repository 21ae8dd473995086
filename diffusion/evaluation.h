// How good a set of images is, by a small classifier trained with Ito. Comparable between runs scored with the same net, and with nothing else: it is
// not FID, which is defined on Inception-v3.
#pragma once

#include <array>

#include "diffusion/checkpoint.h"

namespace ito {

// Mean (d) and covariance (d x d) of features (N, d), f64.
struct FeatureMoments {
  std::vector<double> mean, covariance;
  explicit FeatureMoments(const Tensor& features);
};

// |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)): the Frechet distance of two normal distributions (Dowson & Landau 1982).
double frechet_distance(const FeatureMoments& a, const FeatureMoments& b);

// Eigenvalues of a symmetric d x d matrix by Jacobi's rotations, with eigenvectors as columns if wanted.
std::vector<double> symmetric_eigenvalues(std::vector<double> matrix, int64_t d, std::vector<double>* vectors = nullptr);

struct Classification {
  std::vector<int64_t> label;      // the most probable class
  std::vector<double> confidence;  // its probability
  Tensor features;                 // f32 (N, 84)
};

// The bundled LeNet, or another one of its kind.
class Judge {
 public:
  explicit Judge(const std::string& checkpoint = "zoo/lenet");
  Classification classify(const Tensor& images);  // f32 (N, 28, 28, 1) in [-1, 1]
  double accuracy(const Dataset& dataset);
  const std::string& name() const { return name_; }  // with the hash of its weights
  int64_t classes() const { return classes_; }

 private:
  int64_t classes_;
  std::unique_ptr<ClassifierTask> task_;
  std::string name_;
};

struct Scores {
  int64_t samples = 0;
  double confident = 0;              // share with a confidence above 0.9
  std::vector<double> class_shares;  // of all samples, by their most probable class
  double distance = 0;               // Frechet distance to real test images
  double floor = 0;                  // the same between real training and real test images
  std::string judge;
  Json json() const;
};
Scores evaluate(const Tensor& images, Judge& judge, const Dataset& real_train, const Dataset& real_test);

}  // namespace ito
