// Scores of a checkpoint, as `ito eval` prints them and cards and reports show them.
#pragma once

#include "cli/sampling.h"
#include "diffusion/evaluation.h"

namespace ito::cli {

struct ScoreOptions {
  int64_t n = 1000;  // samples
  uint64_t seed = 1234;
  std::string judge = "zoo/lenet";  // a classifier's checkpoint
  std::string data;                 // where the real images are; empty: where the run found them
};

// scores.json of a model: of its samples, beside the judge's accuracy; of a classifier: its accuracy.
Json score(const Checkpoint& checkpoint, const ScoreOptions& options);
// The same as lines of text.
std::string score_lines(const Json& scores);

}  // namespace ito::cli
