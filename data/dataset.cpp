#include "data/dataset.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "data/cifar.h"
#include "data/mnist.h"
#include "data/png.h"
#include "data/points.h"
#include "data/triangles.h"
#include "tensor/npy.h"

namespace ito {

namespace {

// A tenth of what has no test set of its own is kept apart: the last of every ten images.
Dataset split_tenth(Dataset all, Split split) {
  std::vector<int64_t> keep;
  for (int64_t i = 0; i < all.size(); ++i)
    if ((i % 10 == 9) == (split == Split::test)) keep.push_back(i);
  const auto kept = [&](const Tensor& x) {
    const Tensor out = Tensor::empty(x.shape().with(0, int64_t(keep.size())), x.dtype());
    for (size_t k = 0; k < keep.size(); ++k) out.rows(int64_t(k), int64_t(k) + 1).copy_from(x.rows(keep[k], keep[k] + 1));
    return out;
  };
  all.images = kept(all.images);
  if (all.labels.defined()) all.labels = kept(all.labels);
  return all;
}

Dataset png_folder(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".png") files.push_back(entry.path().string());
  ITO_CHECK(!files.empty(), folder, " has no .png files");
  std::sort(files.begin(), files.end());
  const Shape first = read_png(files[0]).shape();
  const Tensor images = Tensor::empty({int64_t(files.size()), first[0], first[1], first[2]}, DType::u8);
  for (size_t i = 0; i < files.size(); ++i) {
    const Tensor image = read_png(files[i]);
    ITO_CHECK(image.shape() == first, files[i], " is ", image.shape(), " (H, W, C), ", files[0], " is ", first, "; all images must have one size");
    images.rows(int64_t(i), int64_t(i) + 1).view(first).copy_from(image);
  }
  return {"folder", folder, images, {}, 0};
}

Dataset npy_file(const std::string& path) {
  Tensor images = load_npy(path);
  ITO_CHECK(images.rank() == 3 || images.rank() == 4, path, ": expected (N, H, W) or (N, H, W, C), got ", images.shape());
  if (images.rank() == 3) images = images.view({images.extent(0), images.extent(1), images.extent(2), 1});
  ITO_CHECK(images.numel() > 0, path, " has no images");
  ITO_CHECK(images.dtype() == DType::u8 || images.is_floating(), path, ": expected bytes, or floats in [-1, 1], got ", images.dtype());
  if (images.dtype() == DType::u8) return {"npy", path, images, {}, 0};
  images = images.to(DType::f32);
  constexpr float slack = 1e-3F;  // of rounding
  for (int64_t i = 0; i < images.numel(); ++i)
    ITO_CHECK(std::abs(images.data<float>()[i]) <= 1 + slack, path, ": floats must lie in [-1, 1], got ", images.data<float>()[i],
              "; scale them, or save bytes");
  return {"npy", path, to_bytes(images), {}, 0};
}

Dataset from_path(const DatasetOptions& o) {
  ITO_CHECK(std::filesystem::exists(o.path), "no data at ", o.path);
  return split_tenth(std::filesystem::is_directory(o.path) ? png_folder(o.path) : npy_file(o.path), o.split);
}

Dataset load_whole(const DatasetOptions& o) {
  if (o.name == "mnist" || o.name == "fashion-mnist") return load_mnist(o.name, o.path, o.split);
  if (o.name == "cifar10") {
    if (!o.path.empty() && std::filesystem::is_regular_file(o.path)) return split_tenth(load_cifar_file(o.path), o.split);
    return load_cifar10(o.path, o.split);
  }
  // What is drawn comes from different streams of random numbers for training and test.
  const Generator key{.seed = o.seed, .stream = o.split == Split::test ? 1U : 0U};
  if (is_point_set(o.name)) {
    const PointSet& set = point_set(o.name);
    const Points drawn = draw_points(o.name, o.count, key);
    return {o.name, text("a rule with random numbers; coordinates divided by ", set.scale), drawn.points, drawn.labels, set.classes, set.scale};
  }
  if (o.name == "triangles") {
    const Tensor images = draw_triangles(o.count, o.size, drawing_named(o.drawing), key, o.channels);
    return {o.name, text("three random points, ", o.size, "x", o.size, ", ", o.drawing), images, {}, 0};
  }
  if (o.name == "folder" || o.name == "npy") {
    ITO_CHECK(!o.path.empty(), "data set '", o.name, "' needs data.path");
    return from_path(o);
  }
  std::string known;
  for (const std::string& name : dataset_names()) known += " " + name;
  fail("no data set '", o.name, "'; there are:", known);
}

}  // namespace

std::vector<std::string> dataset_names() {
  std::vector<std::string> names{"mnist", "fashion-mnist", "cifar10", "triangles", "folder", "npy"};
  for (const std::string& points : point_set_names()) names.push_back(points);
  return names;
}

Dataset load_dataset(const DatasetOptions& options) {
  Dataset set = load_whole(options);
  if (options.limit > 0 && options.limit < set.size()) {
    set.images = set.images.rows(0, options.limit);
    if (set.labels.defined()) set.labels = set.labels.rows(0, options.limit);
  }
  return set;
}

Tensor unit_range(const Tensor& images) {
  if (images.dtype() == DType::f32) return images;
  const Tensor out = Tensor::empty(images.shape());
  std::transform(images.data<uint8_t>(), images.data<uint8_t>() + images.numel(), out.data<float>(),
                 [](uint8_t byte) { return float(byte) / 127.5F - 1; });
  return out;
}

Tensor to_bytes(const Tensor& images) {
  const Tensor out = Tensor::empty(images.shape(), DType::u8);
  std::transform(images.data<float>(), images.data<float>() + images.numel(), out.data<uint8_t>(),
                 [](float x) { return uint8_t(std::lround(127.5F * (std::clamp(x, -1.0F, 1.0F) + 1))); });
  return out;
}

}  // namespace ito
