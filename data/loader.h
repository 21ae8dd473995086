// Batches of a data set in a shuffled order that depends on the seed and the number of the batch only, so that a resumed run sees what the
// uninterrupted one would have seen. Each epoch is a new permutation; a batch may span two of them.
#pragma once

#include <future>

#include "data/dataset.h"
#include "tensor/random.h"

namespace ito {

struct Batch {
  Tensor images;  // f32 (B, H, W, C) in [-1, 1]; points as they are
  Tensor labels;  // i64 (B); undefined when the set has none
};

struct LoaderOptions {
  int64_t batch = 32;
  uint64_t seed = 0;
  bool flip = false;    // left and right, half of the images
  bool rotate = false;  // by a random multiple of 90 degrees; square images only
};

class Loader {
 public:
  // Throws Error for a batch of nothing, and for flips or rotations that the images do not have.
  Loader(Dataset dataset, const LoaderOptions& options);

  // Batch number `step`. The one after it is made on another thread in the meantime.
  Batch at(int64_t step);
  int64_t steps_per_epoch() const { return (dataset_.size() + options_.batch - 1) / options_.batch; }
  const Dataset& dataset() const { return dataset_; }

 private:
  Batch make(int64_t step);
  const int64_t* permutation_of(int64_t epoch);

  Dataset dataset_;
  LoaderOptions options_;
  Tensor permutation_;
  int64_t epoch_ = -1;
  std::future<Batch> next_;
  int64_t next_step_ = -1;
};

}  // namespace ito
