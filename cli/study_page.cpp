#include "cli/study_page.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>

#include <nlohmann/json.hpp>

#include "autograd/ops/concat.h"
#include "cli/html.h"
#include "cli/run_folder.h"
#include "cli/schedule.h"
#include "cli/scoring.h"
#include "data/png.h"
#include "diffusion/schedule.h"
#include "diffusion/triangle_score.h"
#include "tensor/file.h"

namespace ito::cli {

namespace fs = std::filesystem;

namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::vector<double> betas(const Study& s, const std::string& schedule) { return beta_schedule(schedule, s.steps); }

// The schedules of a drawing whose runs have the file.
std::vector<std::string> schedules_with(const Study& s, const std::string& drawing, const std::string& file) {
  std::vector<std::string> out;
  std::copy_if(s.schedules.begin(), s.schedules.end(), std::back_inserter(out),
               [&](const std::string& name) { return fs::exists(s.folder + "/" + s.run(drawing, name) + "/" + file); });
  return out;
}

// The rows that the runs of a drawing have under this name, one below the other.
void write_rows(const Study& s, const std::string& drawing, const std::string& name) {
  Tensors rows;
  for (const std::string& schedule : schedules_with(s, drawing, name + ".png"))
    rows.push_back(read_png(s.folder + "/" + s.run(drawing, schedule) + "/" + name + ".png"));
  if (!rows.empty()) write_png(s.folder + "/" + name + "-" + drawing + ".png", concat(rows, 0));
}

void write_losses(const Study& s, const std::string& drawing) {
  std::vector<Curve> curves;
  for (size_t i = 0; i < s.schedules.size(); ++i) {
    curves.push_back(curve_of(read_log(s.folder + "/" + s.run(drawing, s.schedules[i])), "loss_test", curve_colour(i), s.schedules[i]));
    if (curves.back().x.empty()) curves.pop_back();
  }
  if (!curves.empty())
    write_png(s.folder + "/loss-" + drawing + ".png", plot(curves, {.title = "loss on the test set", .x_label = "step", .log_y = true}));
}

// What no training can mend: the schedule whose end is farthest from where sampling starts.
std::string about_the_end(const Study& s) {
  const auto left = [&](const std::string& name) { return alphas_cumprod(betas(s, name)).back(); };
  const auto most =
      std::max_element(s.schedules.begin(), s.schedules.end(), [&](const std::string& a, const std::string& b) { return left(a) < left(b); });
  const std::vector<double> table = betas(s, *most);
  if (reaches_prior(table)) return "";
  return text("<p>With ", *most, ", &alpha;&#772;<sub>T</sub> = ", number("%.3g", left(*most)), ": at t = T = ", s.steps, " a training image keeps ",
              percent(terminal_signal(table)),
              " of its amplitude, and that is what the network learns to denoise. Sampling starts from N(0, I) instead, ",
              number("%.3g", prior_kl(table).nats),
              " nats a pixel away, where no training image ever was. This is the most of all schedules here, and no longer training makes it less: "
              "what is wrong with its samples comes from its end, not from its being steep.</p>\n");
}

std::string schedule_table(const Study& s) {
  std::string rows;
  for (const std::string& name : s.schedules) {
    const std::vector<double> table = betas(s, name);
    rows += text("<tr><td>", name, "<td>", number("%.3g", alphas_cumprod(table).back()), "<td>", number("%.3g", terminal_signal(table)), "<td>",
                 number("%.3g", prior_kl(table).nats), "\n");
  }
  return "<table>\n<tr><th>schedule<th>&alpha;&#772;<sub>T</sub><th>&radic;&alpha;&#772;<sub>T</sub>, the share of the amplitude that is left"
         "<th>KL to the prior at x<sub>0</sub> = &plusmn;1, nats a pixel\n" +
         rows + "</table>\n";
}

std::string score_cell(const Json& scores, const std::string& prefix) {
  return percent(scores[prefix + "triangles"].get<double>()) + ", " + number("%.3f", scores[prefix + "mean_score"].get<double>());
}

std::string score_table(const Study& s) {
  std::string head = "<tr><th>schedule", rows, real = "<tr><th>real triangles";
  std::map<std::string, std::string> real_scores;
  for (const std::string& name : s.schedules) {
    rows += "<tr><td>" + name;
    for (const std::string& drawing : s.drawings) {
      const std::string run = s.run(drawing, name);
      const Json scores = scores_of(s.folder + "/" + run);
      rows += "<td>";
      if (scores.is_null()) continue;
      const std::vector<Json> log = read_log(s.folder + "/" + run);
      rows += text("<a href=\"", run, "/report.html\">", score_cell(scores, ""), "</a>; ", scores["samples"], " samples",
                   log.empty() ? "" : text(" after ", log.back()["step"], " steps"));
      real_scores[drawing] = score_cell(scores, "real_");
    }
    rows += "\n";
  }
  for (const std::string& drawing : s.drawings) {
    head += "<th>" + drawing;
    real += "<td>" + real_scores[drawing];
  }
  return text("<p>Share of the samples that score above ", valid_triangle, ", and mean score: the largest overlap with any triangle.</p>\n<table>\n",
              head, "\n", rows, real, "\n</table>\n");
}

struct About {
  const char *drawing, *reverse, *starts;  // what it is, and the thesis' figures
};
About about(const std::string& drawing) {
  if (drawing == "exact") return {"Grey edges: each pixel is the share of it that is covered. In the thesis: low resolution", "6.1", "6.2"};
  if (drawing == "reduced") return {"Drawn at 720 x 720 and averaged down. In the thesis: high resolution", "6.3", "6.4"};
  return {"Black and white, without grey edges. In the thesis: arrays", "6.5", "6.6"};
}

std::string drawing_section(const Study& s, const std::string& drawing) {
  const About is = about(drawing);
  const std::string rows = joined(schedules_with(s, drawing, "reverse.png"));
  std::string out = text(
      "<h2>", drawing, "</h2>\n<p>", is.drawing, ".</p>\n",
      figure(s.folder, "reverse-" + drawing + ".png", text("One noise on its way to an image; rows: ", rows, " (figure ", is.reverse, ")")),
      figure(s.folder, "starts-" + drawing + ".png", text("What becomes of five noises; rows: ", rows, " (figure ", is.starts, ")")),
      figure(s.folder, "loss-" + drawing + ".png",
             "Loss on a batch of the test set. A schedule with less noise has an easier task: losses of two schedules do not say which is better"),
      "<div class=\"pairs\">\n");
  for (const std::string& name : schedules_with(s, drawing, "loss.png"))
    out += figure(s.folder, s.run(drawing, name) + "/loss.png", name + ": mean, least and largest batch, test set (figure 6.7)");
  return out + "</div>\n";
}

// Of the first run that is there; the others differ from it in schedule and drawing.
std::string configuration(const Study& s) {
  for (const std::string& drawing : s.drawings)
    for (const std::string& name : schedules_with(s, drawing, "config.json"))
      return text("<h2>Configuration</h2>\n<p>Of the first model; the others differ in schedule and drawing.</p>\n<pre>",
                  escaped(read_file(s.folder + "/" + s.run(drawing, name) + "/config.json")), "</pre>\n");
  return "";
}

}  // namespace

Json scores_of(const std::string& run) {
  if (!fs::exists(run + "/scores.json")) return {};
  const Json scores = parse_json(read_file(run + "/scores.json"));
  return of_triangles(scores) ? scores : Json();
}

void write_study(const Study& s) {
  std::string drawings;
  for (const std::string& drawing : s.drawings) {
    for (const char* name : {"reverse", "starts"}) write_rows(s, drawing, name);
    write_losses(s, drawing);
    if (!schedules_with(s, drawing, "log.jsonl").empty()) drawings += drawing_section(s, drawing);
  }
  write_page(
      s.folder + "/index.html", "Triangles by schedule and drawing",
      "<p>The experiments of Martinez Rojas 2023, chapters 5 and 6, with Ito's networks: what noise schedule and drawing of the training set do to "
      "generated triangles.</p>\n<h2>Scores</h2>\n" +
          score_table(s) + "<h2>Schedules</h2>\n" +
          figure(s.folder, "schedules.png", "What is left of the data, and the noise of each step (figure 5.1)") + schedule_table(s) +
          about_the_end(s) + figure(s.folder, "noise.png", "A picture on its way to noise; rows: " + joined(s.schedules) + " (figure 5.2)") +
          drawings + configuration(s));
}

}  // namespace ito::cli
