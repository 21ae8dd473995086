#include "cli/scoring.h"

#include <cstdio>

#include <nlohmann/json.hpp>

#include "cli/progress.h"
#include "cli/run_folder.h"
#include "diffusion/distances.h"
#include "diffusion/triangle_score.h"

namespace ito::cli {

namespace {

enum Stream : uint32_t { truth_stream = 130 };

// Sliced Wasserstein distance to fresh points of the set beside what two such draws have, and the shares of a mixture. One distance varies by a third
// of its value from draw to draw: it is a mean over `pairs` draws of o.n points.
Json score_points(const Checkpoint& checkpoint, const ScoreOptions& o) {
  constexpr int64_t pairs = 4;
  const std::string& name = checkpoint.config.data.name;
  const Tensor points = ImageSource(checkpoint).images(pairs * o.n, o.seed, -1, checkpoint.config.sample);
  double distance = 0;
  for (int64_t k = 0; k < pairs; ++k) {
    const Tensor truth = draw_points(name, o.n, {.seed = o.seed, .stream = truth_stream + uint32_t(k)}).points;
    distance += sliced_wasserstein(points.rows(k * o.n, (k + 1) * o.n), truth) / double(pairs);
  }
  Json scores{{"point_set", name},
              {"samples", o.n},
              {"pairs", pairs},
              {"sliced_wasserstein", distance},
              {"sliced_wasserstein_floor", resample_floor(name, o.n)}};
  const PointSet set = point_set(name);
  if (!set.components.empty()) {
    scores["shares"] = component_shares(points, set);
    for (const Component& c : set.components) scores["weights"].push_back(c.weight);
  }
  return scores;
}

std::string point_lines(const Json& s) {
  const auto number = [](const Json& value, const char* format) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, format, value.get<double>());
    return std::string(buffer);
  };
  const double ratio = s["sliced_wasserstein"].get<double>() / s["sliced_wasserstein_floor"].get<double>();
  std::string out = text("points               ", s["pairs"], " times ", s["samples"], " of ", s["point_set"].get<std::string>(),
                         "\nsliced Wasserstein   ", number(s["sliced_wasserstein"], "%.4f"),
                         " (two true draws: ", number(s["sliced_wasserstein_floor"], "%.4f"), "), ", number(ratio, "%.2f"), " of it\n");
  if (s.contains("shares")) {
    out += "shares               ";
    for (size_t i = 0; i < s["shares"].size(); ++i) out += number(s["shares"][i], "%.3f") + " (" + number(s["weights"][i], "%.3f") + ")  ";
    out += "\n";
  }
  return out;
}

// Images of a model, with a line of progress.
Tensor samples_of(const Checkpoint& checkpoint, const ScoreOptions& o) {
  ImageSource source(checkpoint);
  ProgressLine line;
  const Tensor images = source.images(o.n, o.seed, -1, checkpoint.config.sample,
                                      [&](int64_t ready) { line.show(double(ready) / double(o.n), text(ready, " images")); });
  line.finish();
  return images;
}

// How many are triangles, beside the same of real ones of the drawing: the thinnest of those are not seen as such, either.
Json score_triangles(const Checkpoint& checkpoint, const ScoreOptions& o) {
  constexpr int64_t real_count = 1000;
  DatasetOptions data = checkpoint.config.data;
  data.split = Split::test;
  data.count = real_count;
  data.limit = 0;
  const TriangleScores made = triangle_scores(samples_of(checkpoint, o)), real = triangle_scores(unit_range(load_dataset(data).images));
  return {{"drawing", data.drawing},     {"samples", o.n},
          {"triangles", made.valid},     {"mean_score", made.mean},
          {"real_images", real_count},   {"real_triangles", real.valid},
          {"real_mean_score", real.mean}};
}

std::string triangle_lines(const Json& s) {
  char out[300];
  std::snprintf(out, sizeof out,
                "triangles (score > %g)  %.1f %% of %ld samples (real ones, %s: %.1f %%)\nmean score             %.3f (real: %.3f)\n", valid_triangle,
                100 * s["triangles"].get<double>(), long(s["samples"]), s["drawing"].get<std::string>().c_str(),
                100 * s["real_triangles"].get<double>(), s["mean_score"].get<double>(), s["real_mean_score"].get<double>());
  return out;
}

}  // namespace

Dataset real_images(const RunConfig& config, const std::string& path, Split split) {
  DatasetOptions o = config.data;
  if (!path.empty()) o.path = path;
  o.limit = 0;
  o.split = split;
  return load_dataset(o);
}

Json score(const Checkpoint& checkpoint, const ScoreOptions& o) {
  const bool classifier = checkpoint.config.task == "classifier";
  ITO_CHECK(classifier || o.n >= 2, "--n must be at least 2, got ", o.n);
  if (!classifier && is_point_set(checkpoint.config.data.name)) return score_points(checkpoint, o);
  if (!classifier && checkpoint.config.data.name == "triangles") return score_triangles(checkpoint, o);
  const Dataset test = real_images(checkpoint.config, o.data, Split::test);
  if (classifier) {
    Judge judge(checkpoint.path);
    return {{"judge", judge.name()}, {"judge_accuracy", judge.accuracy(test)}, {"test_images", test.size()}};
  }
  const Shape& images_shape = test.images.shape();
  ITO_CHECK(images_shape == Shape({test.size(), 28, 28, 1}), "the judge sees grey images of 28x28 pixels; those of '", test.name, "' are ",
            images_shape, " and have no scores");
  ITO_CHECK(test.size() >= 2, "scores need at least 20 real images, of which a tenth is kept apart; '", test.name, "' has too few");
  Judge judge(o.judge);
  const Dataset train = real_images(checkpoint.config, o.data, Split::train);
  Json scores = evaluate(samples_of(checkpoint, o), judge, train, test).json();
  if (test.labels.defined()) scores["judge_accuracy"] = judge.accuracy(test);
  scores["test_images"] = test.size();
  return scores;
}

bool of_triangles(const Json& s) { return has_numbers(s, {"samples", "triangles", "mean_score", "real_triangles", "real_mean_score"}); }

std::string score_lines(const Json& s) {
  std::string out;
  const auto line = [&](const char* format, auto... values) {
    char buffer[200];
    std::snprintf(buffer, sizeof buffer, format, values...);
    out += buffer;
  };
  if (s.contains("point_set")) return point_lines(s);
  if (of_triangles(s)) return triangle_lines(s);
  line("judge              %s\n", s["judge"].get<std::string>().c_str());
  if (s.contains("judge_accuracy"))
    line("judge's accuracy   %.2f %% of %ld test images\n", 100 * s["judge_accuracy"].get<double>(), long(s["test_images"]));
  if (!s.contains("samples")) return out;
  line("samples            %ld\n", long(s["samples"]));
  line("confident (> 0.9)  %.1f %%\n", 100 * s["confident"].get<double>());
  out += "classes           ";
  for (size_t k = 0; k < s["class_shares"].size(); ++k) line(" %zu: %.1f %% ", k, 100 * s["class_shares"][k].get<double>());
  line("\nFrechet distance   %.2f on the judge's 84 features (real against real: %.2f); this is not FID\n", s["frechet_distance"].get<double>(),
       s["frechet_floor"].get<double>());
  return out;
}

}  // namespace ito::cli
