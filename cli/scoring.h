// Scores of a checkpoint, as `ito eval` prints them and cards and reports show them.
#pragma once

#include "cli/commands.h"
#include "cli/sampling.h"
#include "diffusion/evaluation.h"

namespace ito::cli {

// The whole of a split of what the run was trained on, from `path` if it is not empty.
Dataset real_images(const RunConfig& config, const std::string& path, Split split);

// scores.json of a model: of its samples, beside the judge's accuracy; of a classifier: its accuracy.
Json score(const Checkpoint& checkpoint, const ScoreOptions& options);
// Whether they are those of a model of triangles, and whole.
bool of_triangles(const Json& scores);
// The same as lines of text.
std::string score_lines(const Json& scores);

}  // namespace ito::cli
