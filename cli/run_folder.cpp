#include "cli/run_folder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "tensor/error.h"
#include "tensor/file.h"

namespace ito::cli {

namespace fs = std::filesystem;

void make_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  ITO_CHECK(!error, "cannot make the folder ", folder, ": ", error.message(), "; choose another with --out");
}

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

void cut_log(const std::string& path, int64_t step) {
  std::ifstream in(path);
  std::string kept, line;
  while (std::getline(in, line)) {
    const Json entry = parse_json(line);
    if (entry.is_object() && entry.contains("step") && entry["step"].is_number() && entry["step"] <= step) kept += line + "\n";
  }
  write_file(path, [&](std::ostream& out) { out << kept; });
}

bool has_numbers(const Json& object, const std::vector<const char*>& keys) {
  return object.is_object() &&
         std::all_of(keys.begin(), keys.end(), [&](const char* key) { return object.contains(key) && object[key].is_number(); });
}

std::vector<Json> read_log(const std::string& folder) {
  std::vector<Json> entries;
  std::ifstream in(folder + "/log.jsonl");
  for (std::string line; std::getline(in, line);) {
    const Json entry = parse_json(line);
    if (has_numbers(entry, {"step", "seconds", "loss", "images_per_second"})) entries.push_back(entry);
  }
  return entries;
}

Curve curve_of(const std::vector<Json>& log, const char* key, const std::array<uint8_t, 3>& colour, const std::string& name) {
  Curve out{.x = {}, .y = {}, .colour = colour};
  for (const Json& entry : log)
    if (has_numbers(entry, {key})) {
      out.x.push_back(entry["step"]);
      out.y.push_back(entry[key]);
    }
  if (!out.x.empty()) out.name = name;
  return out;
}

}  // namespace ito::cli
