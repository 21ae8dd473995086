// ito train CONFIG.json
#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/run_folder.h"
#include "cli/schedule.h"
#include "diffusion/schedule.h"
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

}  // namespace

bool train(const TrainArguments& o) {
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
  if (!trainer.why_untested().empty()) std::printf("no test loss: %s\n", trainer.why_untested().c_str());
  const DiffusionOptions& d = config.diffusion;
  if (config.task == "diffusion" && d.process == "ddpm") std::fputs(prior_warning(d.schedule, beta_schedule(d.schedule, d.steps)).c_str(), stdout);
  std::fflush(stdout);

  stop = false;
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  ProgressLine line;
  const double seconds_before = trainer.progress().seconds, done_before = trainer.share_done();
  trainer.run(
      [&](const StepReport& r) {
        Json entry{{"step", r.step},
                   {"seconds", r.seconds},
                   {"loss", r.loss},
                   {"loss_min", r.loss_min},
                   {"loss_max", r.loss_max},
                   {"gradient_norm", r.gradient_norm},
                   {"lr", r.lr},
                   {"images_per_second", r.images_per_second}};
        if (r.loss_test) entry["loss_test"] = *r.loss_test;
        log << json_line(entry) << std::endl;
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
    return false;
  }
  std::printf("%ld steps in %s\n", long(trainer.progress().step), duration(trainer.progress().seconds).c_str());
  write_pictures(folder);
  std::printf("see %s/report.html\n", folder.c_str());
  return true;
}

}  // namespace ito::cli
