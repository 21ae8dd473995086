#include "diffusion/checkpoint.h"

#include <filesystem>

#include <zlib.h>
#include <nlohmann/json.hpp>

#include "data/mnist.h"

namespace ito {

namespace fs = std::filesystem;

namespace {

void append(NamedTensors& out, const std::string& prefix, const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) out.emplace_back(prefix + name, tensor);
}

using Metadata = std::map<std::string, std::string>;

// CRC-32 of everything that a damaged disk could change without making the file unreadable.
std::string checksum(const Metadata& metadata, const std::map<std::string, Tensor>& tensors) {
  uLong crc = crc32(0, nullptr, 0);
  const auto add = [&](const void* bytes, size_t n) { crc = crc32_z(crc, static_cast<const Bytef*>(bytes), n); };
  for (const auto& [key, value] : metadata)
    if (key != "crc32") {
      add(key.data(), key.size());
      add(value.data(), value.size());
    }
  for (const auto& [name, tensor] : tensors) {
    const Tensor here = tensor.to(Device::cpu);
    add(name.data(), name.size());
    add(here.raw(), here.bytes());
  }
  return std::to_string(crc);
}

void save(const std::string& path, const NamedTensors& tensors, const RunConfig& config, const Progress& progress) {
  Metadata metadata{{"config", config.written}, {"step", std::to_string(progress.step)}, {"seconds", json_line(progress.seconds)}};
  if (!config.image.empty()) metadata["image"] = json_line(std::vector<int64_t>(config.image));
  metadata["crc32"] = checksum(metadata, {tensors.begin(), tensors.end()});
  save_safetensors(path, tensors, metadata);
}

std::map<std::string, Tensor> with_prefix(const TensorFile& file, const std::string& prefix) {
  std::map<std::string, Tensor> out;
  for (const auto& [name, tensor] : file.tensors)
    if (name.starts_with(prefix)) out.emplace(name.substr(prefix.size()), tensor);
  return out;
}

std::string find_file(const std::string& run) {
  for (const std::string& place : {run, bundled(run)}) {
    if (place.empty()) continue;
    if (fs::is_regular_file(place)) return place;
    for (const char* name : {"checkpoint.safetensors", "model.safetensors"})
      if (fs::is_regular_file(fs::path(place) / name)) return fs::path(place) / name;
  }
  ITO_CHECK(fs::exists(run), "there is no run or checkpoint at ", run, "; train one with `ito train`, or use zoo/mnist-ddpm");
  fail(run, " has no checkpoint.safetensors or model.safetensors; was it stopped before its first checkpoint?");
}

// Copies `from` into buffers, whose names, shapes and types must be the same.
void copy_into(const NamedTensors& buffers, const std::map<std::string, Tensor>& from, const std::string& origin) {
  for (const auto& [name, tensor] : buffers) {
    const auto found = from.find(name);
    ITO_CHECK(found != from.end() && found->second.shape() == tensor.shape() && found->second.dtype() == tensor.dtype(), origin,
              " cannot be resumed: '", name, "' is missing, or of another shape or type");
    tensor.copy_from(found->second);
  }
}

}  // namespace

void save_checkpoint(const std::string& path, const RunConfig& config, Task& task, const MovingAverage& ema, const Optimiser& optimiser,
                     const Progress& progress) {
  NamedTensors tensors;
  append(tensors, "model.", task.network().state());
  append(tensors, "ema.", ema.state());
  append(tensors, "optimiser.", optimiser.state());
  append(tensors, "task.", task.state());
  save(path, tensors, config, progress);
}

void save_weights(const std::string& path, const RunConfig& config, const std::map<std::string, Tensor>& averages, const Progress& progress) {
  NamedTensors tensors;
  for (const auto& [name, tensor] : averages) tensors.emplace_back("ema." + name, tensor.to(DType::bf16));
  save(path, tensors, config, progress);
}

Checkpoint load_checkpoint(const std::string& run) {
  Checkpoint out;
  out.path = find_file(run);
  const TensorFile file = load_safetensors(out.path);
  ITO_CHECK(file.metadata.contains("config") && file.metadata.contains("step") && file.metadata.contains("seconds"), out.path,
            " is not a checkpoint of Ito's: its metadata has no config");
  const auto crc = file.metadata.find("crc32");  // older files have none
  ITO_CHECK(crc == file.metadata.end() || crc->second == checksum(file.metadata, file.tensors), out.path,
            " is damaged: its checksum is wrong; use a copy, or train again");
  const auto metadata = [&](const char* key) {
    Json value = parse_json(file.metadata.at(key));
    ITO_CHECK(!value.is_discarded(), out.path, ": the metadata is damaged");
    return value;
  };
  try {
    out.config = parse_run_config(metadata("config"));
    out.progress = {metadata("step").get<int64_t>(), metadata("seconds").get<double>()};
    if (file.metadata.contains("image")) out.config.image = metadata("image").get<std::vector<int64_t>>();
  } catch (const Json::exception&) {
    fail(out.path, ": the metadata is damaged");
  }
  out.model = with_prefix(file, "model.");
  out.ema = with_prefix(file, "ema.");
  out.optimiser = with_prefix(file, "optimiser.");
  out.task = with_prefix(file, "task.");
  ITO_CHECK(!out.ema.empty(), out.path, " has no averaged weights (ema.*)");
  return out;
}

void restore(const Checkpoint& c, Task& task, MovingAverage& ema, Optimiser& optimiser) {
  ITO_CHECK(!c.model.empty() && !c.optimiser.empty(), c.path, " has weights only and cannot be trained on");
  // Adam's "v" is not SGD's.
  ITO_CHECK(c.optimiser.size() == optimiser.state().size(), c.path, " cannot be resumed: it was trained with train.optimiser ",
            c.config.train.optimiser);
  task.network().load_state(c.model, c.path);
  task.load_state(c.task);
  copy_into(ema.state(), c.ema, c.path);
  copy_into(optimiser.state(), c.optimiser, c.path);
  ema.set_updates(c.progress.step);
  optimiser.set_steps(c.progress.step);
}

}  // namespace ito
