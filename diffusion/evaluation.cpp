#include "diffusion/evaluation.h"

#include <cmath>

#include <zlib.h>
#include <nlohmann/json.hpp>

#include "autograd/ops/softmax.h"

namespace ito {

FeatureMoments::FeatureMoments(const Tensor& features) {
  const int64_t n = features.extent(0), d = features.extent(1);
  ITO_CHECK(n >= 2, "a covariance needs at least two images, got ", n);
  mean.assign(size_t(d), 0);
  covariance.assign(size_t(d * d), 0);
  const std::vector<double> x = features.to_vector<double>();
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < d; ++j) mean[size_t(j)] += x[size_t(i * d + j)] / double(n);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < d; ++j)
      for (int64_t k = 0; k < d; ++k)
        covariance[size_t(j * d + k)] += (x[size_t(i * d + j)] - mean[size_t(j)]) * (x[size_t(i * d + k)] - mean[size_t(k)]) / double(n - 1);
}

// Each rotation makes one off-diagonal element zero; sweeps go on until all of them are (Jacobi 1846; Golub & Van Loan, section 8.5).
std::vector<double> symmetric_eigenvalues(std::vector<double> a, int64_t d, std::vector<double>* vectors) {
  const auto at = [d](std::vector<double>& m, int64_t i, int64_t j) -> double& { return m[size_t(i * d + j)]; };
  std::vector<double> v(size_t(d * d), 0.0);
  for (int64_t i = 0; i < d; ++i) at(v, i, i) = 1;
  for (int sweep = 0; sweep < 60; ++sweep) {
    double off = 0, diagonal = 0;
    for (int64_t i = 0; i < d; ++i)
      for (int64_t j = 0; j < d; ++j) (i == j ? diagonal : off) += at(a, i, j) * at(a, i, j);
    if (off <= 1e-28 * diagonal) break;
    for (int64_t p = 0; p < d; ++p)
      for (int64_t q = p + 1; q < d; ++q) {
        if (at(a, p, q) == 0) continue;
        const double theta = (at(a, q, q) - at(a, p, p)) / (2 * at(a, p, q));
        const double t = (theta >= 0 ? 1 : -1) / (std::abs(theta) + std::sqrt(theta * theta + 1)), c = 1 / std::sqrt(t * t + 1), s = t * c;
        const auto rotate = [&](double& x, double& y) {
          const double old = x;
          x = c * old - s * y;
          y = s * old + c * y;
        };
        for (int64_t k = 0; k < d; ++k) rotate(at(a, k, p), at(a, k, q));
        for (int64_t k = 0; k < d; ++k) rotate(at(a, p, k), at(a, q, k));
        for (int64_t k = 0; k < d; ++k) rotate(at(v, k, p), at(v, k, q));
      }
  }
  std::vector<double> values;
  for (int64_t i = 0; i < d; ++i) values.push_back(at(a, i, i));
  if (vectors) *vectors = v;
  return values;
}

// tr (C1 C2)^(1/2) = the sum of the square roots of the eigenvalues of R C2 R, R = C1^(1/2), which is symmetric.
double frechet_distance(const FeatureMoments& a, const FeatureMoments& b) {
  const int64_t d = int64_t(a.mean.size());
  const auto product = [d](const std::vector<double>& x, const std::vector<double>& y) {
    std::vector<double> out(size_t(d * d), 0.0);
    for (int64_t i = 0; i < d; ++i)
      for (int64_t k = 0; k < d; ++k)
        for (int64_t j = 0; j < d; ++j) out[size_t(i * d + j)] += x[size_t(i * d + k)] * y[size_t(k * d + j)];
    return out;
  };
  std::vector<double> vectors;
  const std::vector<double> values = symmetric_eigenvalues(a.covariance, d, &vectors);
  std::vector<double> root(size_t(d * d), 0.0);
  for (int64_t i = 0; i < d; ++i)
    for (int64_t j = 0; j < d; ++j)
      for (int64_t k = 0; k < d; ++k)
        root[size_t(i * d + j)] += vectors[size_t(i * d + k)] * std::sqrt(std::max(0.0, values[size_t(k)])) * vectors[size_t(j * d + k)];
  double distance = 0;
  for (int64_t i = 0; i < d; ++i) {
    const double gap = a.mean[size_t(i)] - b.mean[size_t(i)];
    distance += gap * gap + a.covariance[size_t(i * d + i)] + b.covariance[size_t(i * d + i)];
  }
  for (const double value : symmetric_eigenvalues(product(product(root, b.covariance), root), d)) distance -= 2 * std::sqrt(std::max(0.0, value));
  return distance;
}

Judge::Judge(const std::string& run) {
  const Checkpoint checkpoint = load_checkpoint(run);
  ITO_CHECK(checkpoint.config.task == "classifier", run, " is no classifier");
  task_ = std::make_unique<ClassifierTask>(checkpoint.config);
  task_->network().load_state(checkpoint.weights(), checkpoint.path);
  task_->network().set_training(false);
  classes_ = task_->lenet().out.weight.extent(0);
  uLong crc = crc32(0, nullptr, 0);
  for (const auto& [name, tensor] : checkpoint.weights()) crc = crc32_z(crc, static_cast<const Bytef*>(tensor.raw()), tensor.bytes());
  std::ostringstream hash;
  hash << "LeNet " << run << " (weights' CRC-32 " << std::hex << crc << ")";
  name_ = hash.str();
}

Classification Judge::classify(const Tensor& images) {
  const NoGrad guard;
  constexpr int64_t batch = 250;
  const int64_t n = images.extent(0);
  Classification out;
  for (int64_t first = 0; first < n; first += batch) {
    const Tensor part = images.rows(first, std::min(n, first + batch)), features = task_->lenet().features(part);
    if (!out.features.defined()) out.features = Tensor::empty({n, features.extent(1)});
    out.features.rows(first, first + part.extent(0)).copy_from(features);
    const Tensor p = softmax(task_->lenet().out(features));
    for (int64_t i = 0; i < part.extent(0); ++i) {
      const float* row = p.data<float>() + i * classes_;
      const float* top = std::max_element(row, row + classes_);
      out.label.push_back(top - row);
      out.confidence.push_back(*top);
    }
  }
  return out;
}

double Judge::accuracy(const Dataset& dataset) {
  const Classification c = classify(unit_range(dataset.images));
  int64_t right = 0;
  for (int64_t i = 0; i < dataset.size(); ++i) right += c.label[size_t(i)] == dataset.labels.data<int64_t>()[i];
  return double(right) / double(dataset.size());
}

Json Scores::json() const {
  return {{"samples", samples},           {"confident", confident}, {"class_shares", class_shares},
          {"frechet_distance", distance}, {"frechet_floor", floor}, {"judge", judge}};
}

Scores evaluate(const Tensor& images, Judge& judge, const Dataset& real_train, const Dataset& real_test) {
  const Classification c = judge.classify(images);
  Scores scores;
  scores.samples = images.extent(0);
  scores.judge = judge.name();
  scores.class_shares.assign(size_t(judge.classes()), 0);
  for (size_t i = 0; i < c.label.size(); ++i) {
    scores.confident += c.confidence[i] > 0.9;
    scores.class_shares[size_t(c.label[i])] += 1;
  }
  const auto all = double(scores.samples);
  scores.confident /= all;
  for (double& share : scores.class_shares) share /= all;
  // As many real images as there are samples, as far as there are so many: the distance of small sets is biased upwards.
  const auto features_of = [&](const Dataset& set) {
    return FeatureMoments(judge.classify(unit_range(set.images.rows(0, std::min(set.size(), scores.samples)))).features);
  };
  const FeatureMoments test = features_of(real_test);
  scores.distance = frechet_distance(FeatureMoments(c.features), test);
  scores.floor = frechet_distance(features_of(real_train), test);
  return scores;
}

}  // namespace ito
