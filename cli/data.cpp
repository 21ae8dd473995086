// ito data list|get|show
#include <cstdio>

#include "cli/commands.h"
#include "cli/sampling.h"
#include "data/mnist.h"
#include "data/plot.h"
#include "data/png.h"
#include "data/points.h"

namespace ito::cli {

namespace {

// What is drawn by a rule: as many as are asked for.
bool is_drawn(const std::string& name) { return name == "triangles" || is_point_set(name); }

constexpr int64_t images_shown = 64, points_shown = 2000;

Tensor picture_of(const Dataset& set) {
  if (set.images.dtype() == DType::f32) return scatter(set.images, {.title = set.name, .scale = set.scale});
  return image_grid(set.images);
}

// All point sets beside one another.
Tensor picture_of_points(int64_t n) {
  const std::vector<std::string> names = point_set_names();
  Tensor pictures;
  for (size_t i = 0; i < names.size(); ++i) {
    const Tensor picture = picture_of(load_dataset({.name = names[i], .count = n}));
    if (i == 0) pictures = Tensor::empty({int64_t(names.size()), picture.extent(0), picture.extent(1), 3}, DType::u8);
    pictures.rows(int64_t(i), int64_t(i) + 1).view(picture.shape()).copy_from(picture);
  }
  return image_grid(pictures, {.columns = 4, .gap = 0, .zoom = 1, .background = 255});
}

}  // namespace

void list_data() {
  for (const std::string& name : dataset_names()) {
    DatasetOptions o{.name = name};
    o.count = 1;
    try {
      const Dataset set = load_dataset(o);
      const std::string count = is_drawn(name) ? "any number of" : std::to_string(set.size());
      std::printf("%-14s %s training %s, from %s\n", name.c_str(), count.c_str(), is_point_set(name) ? "points" : "images", set.origin.c_str());
    } catch (const Error& error) {
      std::printf("%-14s %s\n", name.c_str(), error.what());
    }
  }
}

void get_data(const std::string& name) {
  ITO_CHECK(name == "mnist", "`ito data get` knows mnist, not '", name, "'");
  fetch_mnist();
  std::printf("mnist is in %s/mnist\n", cache_folder().c_str());
}

void show_data(const ShowArguments& o) {
  const bool all_points = o.name == "points", points = all_points || is_point_set(o.name);
  const int64_t n = o.n.value_or(points ? points_shown : images_shown);
  ITO_CHECK(n >= 1, "--n must be at least 1, got ", n);
  check_writable(o.out);
  if (all_points) {
    write_png(o.out, picture_of_points(n));
    std::printf("%s: %ld points of each point set\n", o.out.c_str(), long(n));
    return;
  }
  DatasetOptions what{.name = o.name, .path = o.path};
  what.drawing = o.drawing;
  what.channels = o.channels;
  what.count = what.limit = n;
  const Dataset set = load_dataset(what);
  write_png(o.out, picture_of(set));
  std::printf("%s: %ld %s of %s from %s\n", o.out.c_str(), long(set.size()), points ? "points" : "images", set.name.c_str(), set.origin.c_str());
}

}  // namespace ito::cli
