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
  const Json scores = score(load_checkpoint(run), o);
  std::fputs(score_lines(scores).c_str(), stdout);
  if (!std::filesystem::exists(run + "/log.jsonl")) return;  // not a run folder
  write_file(run + "/scores.json", [&](std::ostream& out) { out << json_lines(scores) << "\n"; });
  write_report(run);
}

}  // namespace ito::cli
