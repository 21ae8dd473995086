// ito eval RUN
#include <cstdio>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/report.h"
#include "cli/scoring.h"
#include "tensor/file.h"

namespace ito::cli {

void eval_run(const std::string& run, const ScoreOptions& o) {
  Checkpoint checkpoint = load_checkpoint(run);
  checkpoint.config.sample = sample_options(o.how, checkpoint.config);
  const Json scores = score(checkpoint, o);
  std::fputs(score_lines(scores).c_str(), stdout);
  // Neither of what is no run folder, nor as the score of a run what is that of another way to sample.
  if (!std::filesystem::exists(run + "/log.jsonl") || o.how != SamplerArguments{}) return;
  write_file(run + "/scores.json", [&](std::ostream& out) { out << json_lines(scores) << "\n"; });
  write_report(run);
}

}  // namespace ito::cli
