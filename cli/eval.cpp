// ito eval RUN
#include <filesystem>

#include "cli/commands.h"
#include "cli/report.h"
#include "cli/scoring.h"
#include "tensor/file.h"

namespace ito::cli {

namespace {
void eval_run(const std::string& run, const ScoreOptions& o) {
  const Json scores = score(load_checkpoint(run), o);
  std::fputs(score_lines(scores).c_str(), stdout);
  if (!std::filesystem::exists(run + "/log.jsonl")) return;  // not a run folder
  write_file(run + "/scores.json", [&](std::ostream& out) { out << scores.dump(2) << "\n"; });
  write_report(run);
}
}  // namespace

void add_eval(CLI::App& app) {
  CLI::App* command = app.add_subcommand("eval", "scores of a run's samples, or the accuracy of a classifier\n\n  ito eval runs/ddpm");
  const auto run = std::make_shared<std::string>();
  const auto o = std::make_shared<ScoreOptions>();
  command->add_option("RUN", *run, "run folder, checkpoint file, or zoo/NAME")->required();
  command->add_option("--n", o->n, "samples")->check(whole_number())->capture_default_str();
  command->add_option("--seed", o->seed, "of the samples")->check(whole_number(seed_digits))->capture_default_str();
  command->add_option("--judge", o->judge, "the classifier")->capture_default_str();
  command->add_option("--data", o->data, "folder of the real images");
  command->callback([run, o] { eval_run(*run, *o); });
}

}  // namespace ito::cli
