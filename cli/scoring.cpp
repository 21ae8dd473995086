#include "cli/scoring.h"

#include <nlohmann/json.hpp>

#include "cli/progress.h"

namespace ito::cli {

namespace {

Dataset real(const RunConfig& config, const std::string& path, Split split) {
  DatasetOptions o = config.data;
  if (!path.empty()) o.path = path;
  o.limit = 0;
  o.split = split;
  return load_dataset(o);
}

}  // namespace

Json score(const Checkpoint& checkpoint, const ScoreOptions& o) {
  const Dataset test = real(checkpoint.config, o.data, Split::test);
  if (checkpoint.config.task == "classifier") {
    Judge judge(checkpoint.path);
    return {{"judge", judge.name()}, {"judge_accuracy", judge.accuracy(test)}, {"test_images", test.size()}};
  }
  ITO_CHECK(o.n >= 2, "--n must be at least 2, got ", o.n);
  const Shape& images_shape = test.images.shape();
  ITO_CHECK(images_shape == Shape({test.size(), 28, 28, 1}), "the judge sees grey images of 28x28 pixels; those of '", test.name, "' are ",
            images_shape, " and have no scores");
  ITO_CHECK(test.size() >= 2, "scores need at least 20 real images, of which a tenth is kept apart; '", test.name, "' has too few");
  ImageSource source(checkpoint);
  Judge judge(o.judge);
  const Dataset train = real(checkpoint.config, o.data, Split::train);
  ProgressLine line;
  const Tensor images = source.images(o.n, o.seed, -1, checkpoint.config.sample,
                                      [&](int64_t ready) { line.show(double(ready) / double(o.n), text(ready, " images")); });
  line.finish();
  Json scores = evaluate(images, judge, train, test).json();
  if (test.labels.defined()) scores["judge_accuracy"] = judge.accuracy(test);
  scores["test_images"] = test.size();
  return scores;
}

std::string score_lines(const Json& s) {
  std::string out;
  const auto line = [&](const char* format, auto... values) {
    char buffer[200];
    std::snprintf(buffer, sizeof buffer, format, values...);
    out += buffer;
  };
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
