// ito study: triangles by noise schedule and by drawing (Martinez Rojas 2023, chapters 5 and 6). A model for each pair is trained, sampled from and
// scored; what is finished is not done again.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/run_folder.h"
#include "cli/sampling.h"
#include "cli/schedule.h"
#include "cli/study_page.h"
#include "data/png.h"
#include "data/triangles.h"
#include "diffusion/schedule.h"
#include "tensor/file.h"

namespace ito::cli {

namespace fs = std::filesystem;

namespace {

struct Run {
  std::string schedule, drawing;
  TrainArguments how;
  RunConfig config;
};

// All runs, with configurations that were read: what is wrong with one shows before the first is trained.
std::vector<Run> runs_of(const StudyArguments& o, const Study& study) {
  std::vector<Run> runs;
  for (const std::string& drawing : o.drawings)
    for (const std::string& schedule : o.schedules) {
      Run run{schedule,
              drawing,
              {.config = o.config, .out = study.folder + "/" + study.run(drawing, schedule), .data = {}, .assignments = o.assignments},
              {}};
      std::vector<std::string>& set = run.how.assignments;
      set.push_back("data.drawing=" + json_line(drawing));
      set.push_back("diffusion.schedule=" + json_line(schedule));
      if (o.minutes) set.push_back("train.minutes=" + json_line(*o.minutes));
      std::string folder;
      run.config = parse_run_config(read_options(run.how, folder));
      ITO_CHECK(run.config.task == "diffusion" && run.config.data.name == "triangles" && run.config.diffusion.process == "ddpm",
                "a study needs a configuration of DDPM on triangles, as examples/triangles/ddpm.json; ", o.config, " has the task ", run.config.task,
                " on ", run.config.data.name, " with the process ", run.config.diffusion.process);
      runs.push_back(run);
    }
  return runs;
}

// A configuration whose keys have no order, as those of the file and of --set do not; null for what is none.
using Unordered = nlohmann::json;
Unordered unordered(const std::string& config) {
  Unordered json = Unordered::parse(config, nullptr, false);
  return json.is_object() && json.contains("train") && json["train"].is_object() ? json : Unordered();
}

// Without what may change between two sessions: how long it is trained, and how samples are drawn.
Unordered lasting(Unordered config) {
  if (config.is_null()) return config;
  config.erase("sample");
  for (const char* budget : {"steps", "epochs", "minutes"}) config["train"].erase(budget);
  return config;
}

bool finished(const Run& run, int64_t n) {
  const std::string path = run.how.out + "/config.json";
  if (!fs::exists(path)) return false;
  const Unordered written = unordered(read_file(path)), wanted = unordered(run.config.written);
  ITO_CHECK(lasting(written) == lasting(wanted), run.how.out, " holds a run of another configuration; choose another --out");
  const Json scores = scores_of(run.how.out);
  return !scores.is_null() && scores["samples"] == n && written == wanted;
}

// reverse.png, the way of one noise to an image, and starts.png, what becomes of five.
void write_rows(const std::string& folder) {
  constexpr int64_t frames = 10, starts = 5;
  const Checkpoint checkpoint = load_checkpoint(folder);
  const Tensor strip = to_bytes(ImageSource(checkpoint).strip(starts, frames, 0, checkpoint.config.sample));
  const Tensor last = Tensor::empty(strip.shape().with(0, starts), DType::u8);
  for (int64_t i = 0; i < starts; ++i) last.rows(i, i + 1).copy_from(strip.rows((i + 1) * frames - 1, (i + 1) * frames));
  write_png(folder + "/reverse.png", image_grid(strip.rows(0, frames), {.columns = frames}));
  write_png(folder + "/starts.png", image_grid(last, {.columns = starts}));
}

// The pictures that need no model.
void write_schedules(const StudyArguments& o, const Study& study, int64_t size) {
  std::vector<std::vector<double>> tables;
  for (const std::string& name : o.schedules) tables.push_back(beta_schedule(name, study.steps));
  write_png(study.folder + "/schedules.png", schedule_plot(o.schedules, tables));
  std::string image = o.image, names;
  if (image.empty()) {
    image = study.folder + "/triangle.png";
    write_png(image, draw_triangle({{{0.15, 0.8}, {0.45, 0.1}, {0.9, 0.65}}}, size, Drawing::exact));
  }
  for (const std::string& name : o.schedules) names += (names.empty() ? "" : ",") + name;
  noise_strip({.image = image,
               .schedules = names,
               .out = study.folder + "/noise.png",
               .steps = study.steps,
               .frames = std::min<int64_t>(9, study.steps + 1)});
}

}  // namespace

void study_triangles(const StudyArguments& o) {
  ITO_CHECK(o.n >= 2, "--n must be at least 2, got ", o.n);
  ITO_CHECK(!o.minutes || (*o.minutes > 0 && std::isfinite(*o.minutes)), "--minutes must be positive, got ", *o.minutes);
  Study study{.folder = o.out, .schedules = o.schedules, .drawings = o.drawings};
  const std::vector<Run> runs = runs_of(o, study);
  study.steps = runs[0].config.diffusion.steps;
  if (!o.image.empty()) read_png(o.image);
  ITO_CHECK(!fs::exists(o.out + "/index.html") || fs::exists(o.out + "/schedules.png"), o.out,
            " holds an index.html of something else; choose another --out");
  std::vector<const Run*> left;
  for (const Run& run : runs)
    if (!finished(run, o.n)) left.push_back(&run);
  make_folder(o.out);
  write_schedules(o, study, runs[0].config.data.size);
  std::printf("%zu models, %zu of them are finished\n", runs.size(), runs.size() - left.size());

  const auto start = std::chrono::steady_clock::now();
  for (size_t i = 0; i < left.size(); ++i) {
    Run run = *left[i];
    const std::string& folder = run.how.out;
    const double spent = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const std::string wait = i == 0 ? "" : ", about " + duration(spent / double(i) * double(left.size() - i)) + " left";
    std::printf("\nmodel %zu of %zu: %s, %s%s\n", i + 1, left.size(), run.schedule.c_str(), run.drawing.c_str(), wait.c_str());
    fs::remove(folder + "/scores.json");  // they are of what is trained on now
    run.how.resume = fs::exists(folder + "/checkpoint.safetensors");
    if (!train(run.how)) {
      std::printf("the same command goes on from there\n");
      return;
    }
    write_rows(folder);
    ScoreOptions score;
    score.n = o.n;
    eval_run(folder, score);
    write_study(study);
  }
  write_study(study);
  std::printf("\nsee %s/index.html\n", o.out.c_str());
}

}  // namespace ito::cli
