#include "data/mnist.h"

#include <cstdlib>
#include <filesystem>

#include "data/gz.h"
#include "data/idx.h"

namespace ito {

namespace fs = std::filesystem;

namespace {

// Joins images and labels and checks that they belong together.
Dataset pair_up(const std::string& name, const std::string& origin, const std::string& images_path, const std::string& labels_path) {
  const Tensor images = load_idx(images_path), labels = load_idx(labels_path);
  ITO_CHECK(images.rank() == 3 && images.extent(1) == 28 && images.extent(2) == 28, images_path, ": expected images (N, 28, 28), got ",
            images.shape());
  ITO_CHECK(labels.rank() == 1 && labels.extent(0) == images.extent(0), labels_path, " has ", labels.extent(0), " labels for ", images.extent(0),
            " images in ", images_path);
  for (int64_t i = 0; i < labels.numel(); ++i)
    ITO_CHECK(labels.data<uint8_t>()[i] < 10, labels_path, ": label ", int(labels.data<uint8_t>()[i]), " of image ", i, " is not one of ten classes");
  return {name, origin, images.view({images.extent(0), images.extent(1), images.extent(2), 1}), labels.to(DType::i64), 10};
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

std::string cache_folder() {
  const std::string xdg = environment("XDG_CACHE_HOME"), home = environment("HOME");
  return (xdg.empty() ? fs::path(home.empty() ? "." : home) / ".cache" : fs::path(xdg)) / "ito";
}

std::string bundled(const std::string& relative) {
  std::error_code error;
  fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (int up = 0; up < 3 && !folder.empty(); ++up, folder = folder.parent_path())
    if (fs::exists(folder / relative)) return (folder / relative).string();
  return "";
}

Dataset load_mnist(const std::string& name, const std::string& path, Split split) {
  const std::string prefix = split == Split::train ? "train" : "t10k";
  std::string searched;
  for (const std::string& place : places_of(name, path)) {
    const std::string start = text(place, "/", prefix), images = plain_or_gz(start + "-images-idx3-ubyte"),
                      labels = plain_or_gz(start + "-labels-idx1-ubyte");
    if (!images.empty() && !labels.empty()) return pair_up(name, place, images, labels);
    searched += " " + place;
  }
  const std::string bundle = bundled("data/mnist-10k");
  if (name == "mnist" && path.empty() && !bundle.empty()) {
    Dataset all = pair_up(name, bundle, bundle + "/images-idx3-ubyte.gz", bundle + "/labels-idx1-ubyte.gz");
    const int64_t cut = all.size() / 10 * 9, first = split == Split::train ? 0 : cut, last = split == Split::train ? cut : all.size();
    return {name, bundle, all.images.rows(first, last), all.labels.rows(first, last), 10};
  }
  fail(name, " is not here: no ", prefix, "-images-idx3-ubyte[.gz] and labels in", searched, "; try ",
       name == "mnist" ? "`ito data get mnist`" : "`apt install dataset-fashion-mnist`", " or --data FOLDER");
}

}  // namespace ito
