// ito export RUN FOLDER
#include <cstdio>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/scoring.h"
#include "data/png.h"
#include "tensor/file.h"

namespace ito::cli {

namespace fs = std::filesystem;

namespace {
// What a user of the weights must know, in Markdown.
std::string card(const ExportArguments& o, const Checkpoint& checkpoint, const Dataset& data, const Json& scores) {
  const std::string name = fs::path(o.folder).lexically_normal().filename().string();
  const auto task = make_task(checkpoint.config);
  std::string out = text("# ", name, "\n\n", task->network().parameter_count(), " parameters, trained for ", checkpoint.progress.step, " steps of ",
                         checkpoint.config.train.batch, " images (", duration(checkpoint.progress.seconds), ") on ", data.size(), " images of ",
                         data.name, ". The averaged weights, in bf16: model.safetensors.\n");
  if (fs::exists(o.folder + "/samples.png")) out += "\n![samples](samples.png)\n";
  return out + "\n```\n" + score_lines(scores) + "```\n\nConfiguration:\n\n```json\n" + json_lines(parse_json(checkpoint.config.written)) + "\n```\n";
}

}  // namespace

void export_run(const ExportArguments& o) {
  Checkpoint checkpoint = load_checkpoint(o.run);
  ITO_CHECK(!fs::exists(o.folder + "/log.jsonl"), o.folder, " is a run folder; choose another");
  ITO_CHECK(!fs::exists(o.folder + "/README.md") || fs::exists(o.folder + "/model.safetensors"), o.folder,
            " holds a README.md of something else; choose another folder");
  const Dataset data = load_dataset(checkpoint.config.data);
  const std::string place = checkpoint.config.data.path;
  checkpoint.config.image = data.images.shape().without(0);
  checkpoint.config.data.path = "";  // a place on this machine
  Json written = parse_json(checkpoint.config.written);
  written["data"]["path"] = "";
  checkpoint.config.written = json_line(written);
  std::error_code error;
  fs::create_directories(o.folder, error);
  ITO_CHECK(!error, "cannot make the folder ", o.folder, ": ", error.message());
  save_weights(o.folder + "/model.safetensors", checkpoint.config, checkpoint.weights(), checkpoint.progress);
  const Checkpoint exported = load_checkpoint(o.folder);  // rounded, as everyone will use it
  if (exported.config.task == "diffusion") {
    ImageSource source(exported);
    write_png(o.folder + "/samples.png", image_grid(to_bytes(source.images(64, 0, -1, exported.config.sample))));
  }
  const Json scores = score(exported, {.n = o.n, .data = o.data.empty() ? place : o.data});
  write_file(o.folder + "/scores.json", [&](std::ostream& out) { out << json_lines(scores) << "\n"; });
  write_file(o.folder + "/README.md", [&](std::ostream& out) { out << card(o, exported, data, scores); });
  std::printf("%s: %.1f MB\n", o.folder.c_str(), double(fs::file_size(o.folder + "/model.safetensors")) / 1e6);
}

}  // namespace ito::cli
