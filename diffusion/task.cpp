#include "diffusion/task.h"

#include "autograd/ops/concat.h"
#include "autograd/ops/loss.h"
#include "autograd/ops/slice.h"

namespace ito {

namespace {
enum Stream : uint32_t { initialisation = 200, shifts, dropout_stream };
constexpr int64_t reach = 2;  // pixels

// Each image moved by whole pixels; what comes in is background (-1).
Tensor shifted(const Tensor& images, const Generator& key) {
  const int64_t n = images.extent(0), height = images.extent(1), width = images.extent(2);
  const Tensor padded = pad(images, {{}, {reach, reach}, {reach, reach}, {}}, -1), offsets = randint_from({n, 2}, 0, 2 * reach + 1, key, 0);
  Tensors out;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t* by = offsets.data<int64_t>() + 2 * i;
    out.push_back(slice(slice(padded.rows(i, i + 1), 1, by[0], by[0] + height), 2, by[1], by[1] + width));
  }
  return concat(out, 0);
}
}  // namespace

ClassifierTask::ClassifierTask(const RunConfig& config)
    : seed_(config.train.seed),
      init_{.seed = seed_, .stream = initialisation},
      lenet_(init_, classes_of(config.model) > 0 ? classes_of(config.model) : 10) {}

Tensor ClassifierTask::loss(const Batch& batch, int64_t step) {
  ITO_CHECK(batch.labels.defined(), "a classifier needs labels, and this data set has none");
  Generator dropout{.seed = seed_, .stream = dropout_stream, .call = uint32_t(step)};
  return cross_entropy(lenet_(shifted(batch.images, {.seed = seed_, .stream = shifts, .call = uint32_t(step)}), dropout), batch.labels);
}

void check_fits(const RunConfig& config, const Dataset& data) {
  const Shape& images = data.images.shape();
  const bool classifier = config.task == "classifier";
  const int64_t known = classes_of(config.model);
  if (classifier || known > 0) {
    const int64_t classes = known > 0 ? known : 10;
    ITO_CHECK(data.labels.defined(), classifier ? "a classifier needs labels" : "config: model.classes needs labels", ", and the data set '",
              data.name, "' has none");
    ITO_CHECK(data.classes <= classes, "config: model.classes is ", classes, ", but '", data.name, "' has ", data.classes, " classes");
  }
  if (classifier) {
    ITO_CHECK(images == Shape({images[0], 28, 28, 1}), "a classifier needs images of 28x28 grey pixels, those of '", data.name, "' are ", images);
    return;
  }
  check_takes(config.model, images.without(0), data.name);
}

std::unique_ptr<Task> make_task(const RunConfig& config) {
  std::unique_ptr<Task> task;
  if (config.task == "classifier")
    task = std::make_unique<ClassifierTask>(config);
  else
    task = std::make_unique<DiffusionTask>(config);
  task->network().to(device_named(config.device));
  return task;
}

}  // namespace ito
