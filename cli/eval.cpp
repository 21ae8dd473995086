// ito eval RUN
#include <filesystem>

#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/sampling.h"
#include "diffusion/evaluation.h"
#include "tensor/file.h"

namespace ito::cli {

namespace {
struct Options {
  std::string run, judge = "zoo/lenet", data;
  int64_t n = 1000;
  uint64_t seed = 1234;
};

Dataset real(const RunConfig& config, const std::string& path, Split split) {
  DatasetOptions o = config.data;
  if (!path.empty()) o.path = path;
  o.limit = 0;
  o.split = split;
  return load_dataset(o);
}

void print(const Scores& s) {
  std::printf("judge              %s\n", s.judge.c_str());
  std::printf("samples            %ld\n", long(s.samples));
  std::printf("confident (> 0.9)  %.1f %%\n", 100 * s.confident);
  std::printf("classes            ");
  for (size_t k = 0; k < s.class_shares.size(); ++k) std::printf("%zu: %.1f %%  ", k, 100 * s.class_shares[k]);
  std::printf("\nFrechet distance   %.2f on the judge's 84 features (real against real: %.2f); this is not FID\n", s.distance, s.floor);
}

void eval_run(const Options& o) {
  const Checkpoint checkpoint = load_checkpoint(o.run);
  if (checkpoint.config.task == "classifier") {
    Judge judge(o.run);
    const Dataset test = real(checkpoint.config, o.data, Split::test);
    std::printf("%s: %.2f %% of %ld test images right\n", judge.name().c_str(), 100 * judge.accuracy(test), long(test.size()));
    return;
  }
  ITO_CHECK(o.n >= 2, "--n must be at least 2, got ", o.n);
  ImageSource source(checkpoint);
  Judge judge(o.judge);
  const Dataset train = real(source.config(), o.data, Split::train), test = real(source.config(), o.data, Split::test);
  ProgressLine line;
  const Tensor images = source.images(o.n, o.seed, -1, source.config().sample,
                                      [&](int64_t ready) { line.show(double(ready) / double(o.n), text(ready, " images")); });
  line.finish();
  const Scores scores = evaluate(images, judge, train, test);
  print(scores);
  std::printf("judge's accuracy   %.2f %% of %ld test images\n", 100 * judge.accuracy(test), long(test.size()));
  if (std::filesystem::is_directory(o.run))
    write_file(o.run + "/scores.json", [&](std::ostream& out) { out << scores.json().dump(2) << "\n"; });
}
}  // namespace

void add_eval(CLI::App& app) {
  CLI::App* command = app.add_subcommand("eval", "scores of a run's samples, or the accuracy of a classifier\n\n  ito eval runs/ddpm");
  const auto o = std::make_shared<Options>();
  command->add_option("RUN", o->run, "run folder, checkpoint file, or zoo/NAME")->required();
  command->add_option("--n", o->n, "samples")->capture_default_str();
  command->add_option("--seed", o->seed, "of the samples")->capture_default_str();
  command->add_option("--judge", o->judge, "the classifier")->capture_default_str();
  command->add_option("--data", o->data, "folder of the real images");
  command->callback([o] { eval_run(*o); });
}

}  // namespace ito::cli
