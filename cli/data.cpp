// ito data list|get|show
#include <cstdio>

#include "cli/commands.h"
#include "cli/sampling.h"
#include "data/mnist.h"
#include "data/png.h"

namespace ito::cli {

void list_data() {
  for (const std::string& name : dataset_names()) {
    DatasetOptions o{.name = name};
    o.count = 1;
    try {
      const Dataset set = load_dataset(o);
      std::printf("%-14s %ld training images, from %s\n", name.c_str(), long(set.size()), set.origin.c_str());
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
  ITO_CHECK(o.n >= 1, "--n must be at least 1, got ", o.n);
  check_writable(o.out);
  DatasetOptions what{.name = o.name, .path = o.path};
  what.drawing = o.drawing;
  what.count = what.limit = o.n;
  const Dataset set = load_dataset(what);
  write_png(o.out, image_grid(set.images));
  std::printf("%s: %ld images of %s from %s\n", o.out.c_str(), long(set.size()), set.name.c_str(), set.origin.c_str());
}

}  // namespace ito::cli
