// Trainer, checkpoints and scores.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "autograd/ops/arithmetic.h"
#include "diffusion/evaluation.h"
#include "diffusion/trainer.h"
#include "kernels/parallel.h"
#include "tensor/file.h"
#include "tensor/npy.h"
#include "tests/temporary.h"

using namespace ito;

namespace {
Json tiny_config(int64_t steps) {
  return Json::parse(R"({"data": {"name": "triangles", "size": 8, "count": 40},
                         "model": {"base": 8, "multipliers": [1, 2], "blocks": 1, "attention": [1], "dropout": 0.1},
                         "diffusion": {"steps": 100},
                         "train": {"batch": 6, "steps": )" +
                     std::to_string(steps) + R"(, "warmup": 5, "log_steps": 1, "seed": 3, "flip": true, "rotate": true}})");
}

// The checkpoint's bytes after training to `steps`, by way of the given stops.
std::string train_by_way_of(const std::vector<int64_t>& stops, int threads, const Json& diffusion = {{"steps", 100}}) {
  const TemporaryFolder folder;
  const int before = kernels::num_threads();
  kernels::set_num_threads(threads);
  const std::atomic<bool> never = false;
  for (size_t i = 0; i < stops.size(); ++i) {
    Json json = tiny_config(stops[i]);
    json["diffusion"] = diffusion;
    Trainer trainer(parse_run_config(json), folder.path);
    if (i > 0) trainer.resume();
    trainer.run([](const StepReport&) {}, never);
  }
  kernels::set_num_threads(before);
  const TensorFile file = load_safetensors(folder / "checkpoint.safetensors");
  CHECK(file.metadata.at("step") == std::to_string(stops.back()));
  std::string bytes;
  for (const auto& [name, tensor] : file.tensors) bytes += name + std::string(static_cast<const char*>(tensor.raw()), tensor.bytes());
  return bytes;
}

Json with_log_steps(Json json, int64_t steps) {
  json["train"]["log_steps"] = steps;
  return json;
}

// All reports of a run that was stopped after the given steps and resumed.
std::vector<StepReport> reports_of(const Json& json, const std::vector<int64_t>& stops) {
  const TemporaryFolder folder;
  std::vector<StepReport> out;
  for (size_t i = 0; i <= stops.size(); ++i) {
    std::atomic<bool> stop = false;
    Trainer trainer(parse_run_config(json), folder.path);
    if (i > 0) trainer.resume();
    trainer.run(
        [&](const StepReport& r) {
          out.push_back(r);
          stop = i < stops.size() && r.step == stops[i];
        },
        stop);
  }
  return out;
}
}  // namespace

TEST_SUITE("diffusion") {
  TEST_CASE("a resumed run has the same weights, averages and optimiser state as one that was not stopped, to the bit, on 1 and 2 threads") {
    const std::string whole = train_by_way_of({12}, 1);
    CHECK(whole == train_by_way_of({12}, 2));
    CHECK(whole == train_by_way_of({5, 12}, 2));
    CHECK(whole == train_by_way_of({1, 2, 11, 12}, 1));
    CHECK(whole != train_by_way_of({11}, 1));
  }

  TEST_CASE("so has one that draws times by the losses so far and learns variances") {
    const Json diffusion{{"steps", 3}, {"times", "importance"}, {"variance", "learned"}};
    const std::string whole = train_by_way_of({12}, 2, diffusion);
    CHECK(whole == train_by_way_of({9, 12}, 2, diffusion));  // by then every time has had ten losses
    CHECK(whole.find("task.losses") != std::string::npos);
    CHECK(whole != train_by_way_of({12}, 2, {{"steps", 3}, {"times", "uniform"}, {"variance", "learned"}}));
  }

  TEST_CASE("a run that is asked to stop writes a checkpoint and goes on from there") {
    const TemporaryFolder folder;
    std::atomic<bool> stop = false;
    Trainer first(parse_run_config(tiny_config(30)), folder.path);
    first.run([&](const StepReport& r) { stop = r.step == 7; }, stop);
    CHECK(first.progress().step == 7);
    Trainer second(parse_run_config(tiny_config(30)), folder.path);
    second.resume();
    CHECK(second.progress().step == 7);
  }

  TEST_CASE(
      "reports have mean, least and largest loss of their batches, and the loss on one test batch, which training does not feel (A-199, A-225)") {
    const std::vector<StepReport> each = reports_of(tiny_config(12), {}), some = reports_of(with_log_steps(tiny_config(12), 5), {});
    REQUIRE(each.size() == 12);
    REQUIRE(some.size() == 3);  // after 5, 10 and 12 steps
    const size_t ends[] = {0, 5, 10, 12};
    for (size_t k = 0; k < 3; ++k) {
      double sum = 0, least = 1e9, largest = 0;
      for (size_t i = ends[k]; i < ends[k + 1]; ++i) {
        CHECK(each[i].loss_min == each[i].loss);
        CHECK(each[i].loss_max == each[i].loss);
        sum += each[i].loss;
        least = std::min(least, each[i].loss);
        largest = std::max(largest, each[i].loss);
      }
      CHECK(some[k].loss == sum / double(ends[k + 1] - ends[k]));
      CHECK(some[k].loss_min == least);
      CHECK(some[k].loss_max == largest);
      CHECK(some[k].loss_test == each[ends[k + 1] - 1].loss_test);  // the weights are the same, however often it was looked
    }
    const std::vector<StepReport> resumed = reports_of(tiny_config(12), {7});
    CHECK(resumed.back().loss_test == each.back().loss_test);

    Json still = tiny_config(12);  // weights that stand still, with dropout in training
    still["train"]["lr"] = 1e-30;
    const std::vector<StepReport> same = reports_of(still, {});
    for (const StepReport& r : same) CHECK(r.loss_test == same[0].loss_test);
    CHECK(same[0].loss != same[1].loss);

    Json one = tiny_config(150);  // learns a single image by heart, and is tested on others
    one["data"]["count"] = 1;
    one["train"]["flip"] = one["train"]["rotate"] = false;
    const StepReport end = reports_of(one, {}).back();
    CHECK(end.loss_test.value() > 2 * end.loss);
  }

  TEST_CASE("a data set without a test set is trained on all the same, and says why there is no test loss") {
    const TemporaryFolder folder;
    Json json = tiny_config(2);
    save_npy(folder / "few.npy", Tensor::zeros({9, 8, 8}, DType::u8));  // of ten images one would be kept apart
    json["data"] = {{"name", "npy"}, {"path", folder / "few.npy"}};
    Trainer trainer(parse_run_config(json), folder.path);
    CHECK(trainer.why_untested() == "'npy' is too small to keep a tenth apart");
    const std::atomic<bool> never = false;
    trainer.run([](const StepReport& r) { CHECK(!r.loss_test); }, never);
    CHECK(trainer.progress().step == 2);
  }

  TEST_CASE("training learns, in f32 and in bf16: the loss of constant images falls to nearly nothing") {
    for (const char* dtype : {"f32", "bf16"}) {
      const TemporaryFolder folder;
      Json json = tiny_config(150);
      json["dtype"] = dtype;
      json["data"]["count"] = 1;
      json["train"]["flip"] = json["train"]["rotate"] = false;
      json["train"]["lr"] = 3e-3;
      json["model"]["dropout"] = 0.0;
      Trainer trainer(parse_run_config(json), folder.path);
      std::vector<double> losses;
      const std::atomic<bool> never = false;
      trainer.run([&](const StepReport& r) { losses.push_back(r.loss); }, never);
      double start = 0, end = 0;
      for (size_t i = 0; i < 10; ++i) {
        start += losses[i] / 10;
        end += losses[losses.size() - 1 - i] / 10;
      }
      CHECK_MESSAGE(end < 0.3 * start, dtype);
      for (const auto& saved : load_safetensors(folder / "checkpoint.safetensors").tensors)  // master weights, averages and moments
        CHECK_MESSAGE((!saved.second.is_floating() || saved.second.dtype() == DType::f32), saved.first);
    }
    CHECK_THROWS_WITH_AS(parse_run_config(Json::parse(R"({"dtype": "f16"})")), "config: no dtype 'f16'; there are: f32 bf16", Error);
  }

  TEST_CASE("a loss that is not finite stops the run, names the op and keeps the checkpoint") {
    const TemporaryFolder folder;
    const std::atomic<bool> never = false;
    Trainer good(parse_run_config(tiny_config(2)), folder.path);
    good.run([](const StepReport&) {}, never);
    const std::string before = read_file(folder / "checkpoint.safetensors");
    Json json = tiny_config(10);
    json["train"]["lr"] = 1e30;
    json["train"]["clip"] = 0.0;
    Trainer bad(parse_run_config(json), folder.path);
    bad.resume();
    CHECK_THROWS_WITH_AS(bad.run([](const StepReport&) {}, never), doctest::Contains("not finite"), Error);
    CHECK(read_file(folder / "checkpoint.safetensors") == before);
  }

  TEST_CASE("a checkpoint of another architecture cannot be resumed") {
    const TemporaryFolder folder;
    const std::atomic<bool> never = false;
    Trainer(parse_run_config(tiny_config(1)), folder.path).run([](const StepReport&) {}, never);
    Json json = tiny_config(2);
    json["model"]["base"] = 12;
    Trainer other(parse_run_config(json), folder.path);
    CHECK_THROWS_WITH_AS(other.resume(), doctest::Contains("another architecture"), Error);
    CHECK_THROWS_WITH_AS(load_checkpoint(folder / "nothing"), doctest::Contains("no run or checkpoint"), Error);
  }

  TEST_CASE("a checkpoint of another optimiser cannot be resumed: Adam's second moments are not SGD's momentum") {
    const TemporaryFolder folder;
    const std::atomic<bool> never = false;
    Trainer(parse_run_config(tiny_config(1)), folder.path).run([](const StepReport&) {}, never);
    Json json = tiny_config(2);
    json["train"]["optimiser"] = "sgd";
    Trainer other(parse_run_config(json), folder.path);
    CHECK_THROWS_WITH_AS(other.resume(), doctest::Contains("train.optimiser adamw"), Error);
    json["train"]["optimiser"] = "adam";
    Trainer same(parse_run_config(json), folder.path);
    same.resume();
    CHECK(same.progress().step == 1);
  }

  TEST_CASE("a checkpoint in which one bit has changed is refused, wherever it is") {
    const TemporaryFolder folder;
    const std::atomic<bool> never = false;
    Trainer(parse_run_config(tiny_config(1)), folder.path).run([](const StepReport&) {}, never);
    const std::string good = read_file(folder / "checkpoint.safetensors");
    CHECK(load_checkpoint(folder.path).progress.step == 1);
    const auto refused = [&](size_t at) {
      std::string bad = good;
      bad[at] = char(bad[at] ^ (1 << at % 7));
      write_file(folder / "bad.safetensors", [&](std::ostream& out) { out << bad; });
      try {
        load_checkpoint(folder / "bad.safetensors");
      } catch (const Error&) {
        return true;
      }
      return false;
    };
    size_t missed = 0;
    const size_t key = good.find("crc32");   // damage to the word itself hides the checksum, and does no other harm
    for (size_t at = 0; at < 2000; at += 7)  // the header
      if (at < key || at >= key + 5) missed += !refused(at);
    for (size_t at = 2000; at < good.size(); at += good.size() / 100) missed += !refused(at);
    missed += !refused(good.size() - 1);
    CHECK(missed == 0);
  }

  TEST_CASE("every example's configuration can be trained from; that of source 000, section 5.3, has its numbers (A-190)") {
    int64_t seen = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(std::string(ITO_SOURCE_DIR) + "/examples")) {
      if (entry.path().extension() != ".json") continue;
      CAPTURE(entry.path().string());
      ++seen;
      Generator init{.seed = 1};
      const RunConfig config = parse_run_config(parse_json(read_file(entry.path())));
      if (config.task == "diffusion") CHECK(make_network(config.model, init).module->parameter_count() > 0);
      const TrainOptions& t = config.train;
      CHECK((t.steps > 0) + (t.epochs > 0) + (t.minutes > 0) == 1);
      if (entry.path().filename() != "thesis.json") continue;
      CHECK((t.steps == 500000 && t.batch == 64 && t.optimiser == "adam" && t.lr == 1e-5 && t.warmup == 1000 && t.weight_decay == 0.03 && t.flip &&
             t.ema == 0.9999));
    }
    CHECK(seen >= 15);
  }

  TEST_CASE("configurations: unknown keys, wrong types and wrong values are named") {
    const auto message = [](const std::string& assignment) {
      Json json = tiny_config(1);
      set_in_config(json, assignment);
      try {
        parse_run_config(json);
      } catch (const Error& error) {
        return std::string(error.what());
      }
      return std::string("no error");
    };
    CHECK(message("train.lr=0.1") == "no error");
    CHECK(message("train.larning_rate=1").find("'train.larning_rate'") != std::string::npos);
    CHECK(message("train.bach=1").find("did you mean 'train.batch'") != std::string::npos);
    CHECK(message("modle.base=1").find("did you mean 'model'") != std::string::npos);
    CHECK(message("train.lr=fast").find("'train.lr' must be a number, got \"fast\"") != std::string::npos);
    CHECK(message("train.batch=1.5").find("whole number") != std::string::npos);
    CHECK(message("model.multipliers=[1,\"2\"]").find("model.multipliers") != std::string::npos);
    CHECK(message("diffusion.schedule=sinus").find("linear cosine") != std::string::npos);
    CHECK(message("task=paint").find("diffusion classifier") != std::string::npos);
    CHECK(message("train=3").find("'train'") != std::string::npos);
    for (const char* bad : {"data.limit=-1",
                            "data.limit=18446744073709551615",
                            "data.count=9223372036854775807",
                            "model.attention=[2]",
                            "model.heads=3",
                            "model.patch=0",
                            "model.multipliers=[]",
                            "diffusion.steps=1000000000000",
                            "train.beta2=1",
                            "train.weight_decay=-1",
                            "train.batch=9223372036854775807",
                            "train.checkpoint_minutes=-1",
                            "sample.steps=101",
                            "sample.sampler=euler",
                            "sample.eta=2",
                            "sample.guidance=-1",
                            "diffusion.times=often",
                            "diffusion.variance=wide",
                            "sample.variance=learned",
                            "sample.spacing=101",
                            "data.drawing=crayon"})
      CHECK_MESSAGE(message(bad) != "no error", bad);
    CHECK(message("data.limit=18446744073709551615").find("'data.limit' is too large") != std::string::npos);
    CHECK(nearest("smaple", {"train", "sample", "eval"}) == "sample");
  }

  TEST_CASE("eigenvalues and Frechet distance of known Gaussians") {
    std::vector<double> values = symmetric_eigenvalues({2, 1, 1, 2}, 2);
    std::sort(values.begin(), values.end());
    CHECK(values[0] == doctest::Approx(1));
    CHECK(values[1] == doctest::Approx(3));
    Generator g{.seed = 8};
    const Tensor x = normal({20000, 3}, g);
    const FeatureMoments a(x), b(x * 2.0 + 1.0);  // N(0, I) and N(1, 4 I): |1|^2 + tr(I + 4 I - 2 * 2 I) = 3 + 3
    CHECK(frechet_distance(a, a) == doctest::Approx(0).epsilon(1e-9));
    CHECK(frechet_distance(a, b) == doctest::Approx(6).epsilon(0.02));
    CHECK(frechet_distance(a, b) == doctest::Approx(frechet_distance(b, a)).epsilon(1e-9));
  }
}
