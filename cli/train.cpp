// ito train CONFIG.json
#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "diffusion/trainer.h"
#include "tensor/file.h"

namespace ito::cli {

namespace fs = std::filesystem;

namespace {

std::atomic<bool> stop{false};

// The first Ctrl-C asks the loop to finish its step and write a checkpoint; the second ends the program at once.
void on_interrupt(int) {
  stop = true;
  std::signal(SIGINT, SIG_DFL);
}

// Lines of steps after `step` belong to a past that was not saved.
void cut_log(const std::string& path, int64_t step) {
  std::ifstream in(path);
  std::string kept, line;
  while (std::getline(in, line)) {
    const Json entry = parse_json(line);
    if (entry.is_object() && entry.contains("step") && entry["step"].is_number() && entry["step"] <= step) kept += line + "\n";
  }
  write_file(path, [&](std::ostream& out) { out << kept; });
}

void make_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  ITO_CHECK(!error, "cannot make the folder ", folder, ": ", error.message(), "; choose another with --out");
}

// The configuration and the folder it runs in. Given a run folder, its own configuration: `ito train runs/digits --resume`.
Json read_options(const TrainArguments& o, std::string& folder) {
  const bool is_run = fs::is_directory(o.config);
  folder = !o.out.empty() ? o.out : is_run ? o.config : "runs/" + fs::path(o.config).stem().string();
  Json json = read_config(is_run ? o.config + "/config.json" : o.config);
  // A budget that is set takes the place of the one that is written there.
  const auto sets_budget = [](const std::string& a) {
    return a.starts_with("train.steps=") || a.starts_with("train.epochs=") || a.starts_with("train.minutes=");
  };
  if (std::any_of(o.assignments.begin(), o.assignments.end(), sets_budget) && json.contains("train") && json["train"].is_object())
    for (const char* key : {"steps", "epochs", "minutes"}) json["train"].erase(key);
  for (const std::string& assignment : o.assignments) set_in_config(json, assignment);
  if (!o.data.empty()) set_in_config(json, "data.path=" + json_line(o.data));
  return json;
}

}  // namespace

void train(const TrainArguments& o) {
  std::string folder;
  const RunConfig config = parse_run_config(read_options(o, folder));
  ITO_CHECK(o.resume || !fs::exists(folder + "/checkpoint.safetensors"), folder, " already holds a run; go on with --resume or choose another --out");
  Trainer trainer(config, folder);
  if (o.resume) trainer.resume();
  make_folder(folder);  // once it is clear that there will be a run
  write_file(folder + "/config.json", [&](std::ostream& out) { out << json_lines(parse_json(config.written)) << "\n"; });

  const std::string log_path = folder + "/log.jsonl";
  cut_log(log_path, trainer.progress().step);
  std::ofstream log(log_path, std::ios::app);
  ITO_CHECK(log, "cannot write ", log_path);
  const Dataset& data = trainer.loader().dataset();
  std::printf("%s: %ld parameters, %ld images of %s from %s\n", folder.c_str(), long(trainer.task().network().parameter_count()), long(data.size()),
              data.name.c_str(), data.origin.c_str());
  std::fflush(stdout);

  stop = false;
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  ProgressLine line;
  const double seconds_before = trainer.progress().seconds, done_before = trainer.share_done();
  trainer.run(
      [&](const StepReport& r) {
        log << json_line({{"step", r.step},
                          {"seconds", r.seconds},
                          {"loss", r.loss},
                          {"gradient_norm", r.gradient_norm},
                          {"lr", r.lr},
                          {"images_per_second", r.images_per_second}})
            << std::endl;
        ITO_CHECK(log, "cannot write ", log_path, "; is the disk full? The last checkpoint is kept");
        const double left = r.done > done_before ? (r.seconds - seconds_before) * (1 - r.done) / (r.done - done_before) : 0;
        char numbers[128];
        std::snprintf(numbers, sizeof numbers, "step %ld  loss %.4f  %.0f images/s  %s left", long(r.step), r.loss, r.images_per_second,
                      duration(left).c_str());
        line.show(r.done, numbers);
      },
      stop);
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  line.finish();
  if (stop) {
    std::printf("stopped at step %ld; go on with: ito train %s --resume\n", long(trainer.progress().step), folder.c_str());
    return;
  }
  std::printf("%ld steps in %s\n", long(trainer.progress().step), duration(trainer.progress().seconds).c_str());
  write_pictures(folder);
  std::printf("see %s/report.html\n", folder.c_str());
}

}  // namespace ito::cli
