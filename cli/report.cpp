#include "cli/report.h"

#include <algorithm>
#include <filesystem>
#include <numeric>

#include <nlohmann/json.hpp>

#include "cli/html.h"
#include "cli/progress.h"
#include "cli/run_folder.h"
#include "cli/sampling.h"
#include "cli/scoring.h"
#include "data/plot.h"
#include "data/png.h"
#include "data/points.h"
#include "diffusion/triangle_score.h"
#include "tensor/file.h"

namespace ito::cli {

namespace fs = std::filesystem;

namespace {

// Each value's mean with those around it, a tenth of the log in all: fewer at the ends, as many on either side.
std::vector<double> smoothed(const std::vector<double>& values) {
  std::vector<double> out;
  const size_t n = values.size();
  for (size_t i = 0; i < n; ++i) {
    const size_t reach = std::min({n / 20, i, n - 1 - i});
    const auto first = values.begin() + ptrdiff_t(i - reach);
    out.push_back(std::accumulate(first, first + ptrdiff_t(2 * reach + 1), 0.0) / double(2 * reach + 1));
  }
  return out;
}

// The mean jumps as batches differ, and is smoothed; the test loss is of the same images every time.
void write_loss_plot(const std::string& folder, const std::vector<Json>& log) {
  constexpr std::array<uint8_t, 3> pale{174, 199, 232}, blue{31, 119, 180}, red{214, 39, 40};
  Curve mean = curve_of(log, "loss", blue, "mean of batches");
  mean.y = smoothed(mean.y);
  const std::vector<Curve> curves{curve_of(log, "loss_max", pale, "largest and least"), curve_of(log, "loss_min", pale, ""), mean,
                                  curve_of(log, "loss_test", red, "test set")};
  write_png(folder + "/loss.png", plot(curves, {.title = "loss", .x_label = "step", .log_y = true}));
}

std::string triangle_rows(const Json& s) {
  return text("<tr><th>triangles, with a score over ", valid_triangle, "<td>", percent(s["triangles"].get<double>()), " of ", s["samples"],
              " samples (real ones: ", percent(s["real_triangles"].get<double>()), ")\n<tr><th>mean score: largest overlap with any triangle<td>",
              number("%.3f", s["mean_score"].get<double>()), " (real ones: ", number("%.3f", s["real_mean_score"].get<double>()), ")\n");
}

// Empty for scores of another kind.
std::string digit_rows(const Json& s) {
  if (!has_numbers(s, {"confident", "samples", "frechet_distance", "frechet_floor"}) || !s.contains("class_shares") || !s.contains("judge"))
    return "";
  char distance[64];
  std::snprintf(distance, sizeof distance, "%.2f (real against real: %.2f)", s["frechet_distance"].get<double>(), s["frechet_floor"].get<double>());
  std::string classes;
  for (size_t k = 0; k < s["class_shares"].size(); ++k) classes += text(k, ": ", percent(s["class_shares"][k].get<double>()), " &nbsp; ");
  return text("<tr><th>digits with confidence over 0.9<td>", percent(s["confident"].get<double>()), " of ", s["samples"],
              " samples\n<tr><th>Fr&eacute;chet distance, 84 features of the judge; not FID<td>", distance, "\n<tr><th>classes<td>", classes,
              "\n<tr><th>judge<td>", escaped(s["judge"].get<std::string>()),
              has_numbers(s, {"judge_accuracy", "test_images"})
                  ? text(", right on ", percent(s["judge_accuracy"].get<double>()), " of ", s["test_images"], " test images")
                  : "",
              "\n");
}

// Empty when the run has not been scored.
std::string score_table(const std::string& path, const std::string& title) {
  if (!fs::exists(path)) return "";
  const Json s = parse_json(read_file(path));
  const std::string rows = of_triangles(s) ? triangle_rows(s) : digit_rows(s);
  return rows.empty() ? "" : text("<h2>", escaped(title), "</h2>\n<table>\n", rows, "</table>\n");
}

}  // namespace

void write_report(const std::string& folder) {
  const std::vector<Json> log = read_log(folder);
  std::string summary;
  if (!log.empty())
    summary = text("<p>", log.back()["step"], " steps in ", duration(log.back()["seconds"].get<double>()), ", ",
                   int64_t(log.back()["images_per_second"].get<double>()), " images a second at the end.</p>\n");
  const std::string name = fs::path(folder).filename().string();
  write_page(folder + "/report.html", name,
             summary + score_table(folder + "/scores.json", "Scores") + figure(folder, "samples.png", "Samples of this run") +
                 figure(folder, "strip.png", "From noise to images: each row is one on its way") +
                 figure(folder, "loss.png", "Loss by step: the mean of batches, the least and the largest among them, and a batch of the test set") +
                 score_table(folder + "/zoo-scores.json", "The bundled model") +
                 figure(folder, "zoo.png", "Samples of the bundled model, which was trained longer") + "<h2>Configuration</h2>\n<pre>" +
                 escaped(fs::exists(folder + "/config.json") ? read_file(folder + "/config.json") : "") + "</pre>\n");
}

void write_pictures(const std::string& folder) {
  const std::vector<Json> log = read_log(folder);
  if (!log.empty()) write_loss_plot(folder, log);
  const Checkpoint checkpoint = load_checkpoint(folder);
  if (checkpoint.config.task == "diffusion") {
    ImageSource source(checkpoint);
    const SampleOptions& how = checkpoint.config.sample;
    const bool points = is_point_set(checkpoint.config.data.name);
    write_png(folder + "/samples.png", picture_of(source.images(points ? 2000 : 64, 0, -1, how), checkpoint.config, 8));
    if (points) return write_report(folder);
    constexpr int64_t frames = 10;
    write_png(folder + "/strip.png", image_grid(to_bytes(source.strip(6, frames, 0, how)), {.columns = frames}));
  }
  write_report(folder);
}

}  // namespace ito::cli
