// ito data list|get|show
#include "cli/commands.h"
#include "cli/sampling.h"
#include "data/mnist.h"
#include "data/png.h"

namespace ito::cli {

namespace {
void list() {
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
}  // namespace

void add_data(CLI::App& app) {
  CLI::App* data = app.add_subcommand("data", "data sets: what is here, fetching, looking\n\n  ito data show mnist --out digits.png");
  data->require_subcommand(1);
  data->add_subcommand("list", "the data sets and where they were found")->callback(list);

  CLI::App* get = data->add_subcommand("get", "fetch a data set from its public mirrors into the cache");
  const auto name = std::make_shared<std::string>();
  get->add_option("NAME", *name, "mnist")->required();
  get->callback([name] {
    ITO_CHECK(*name == "mnist", "`ito data get` knows mnist, not '", *name, "'");
    fetch_mnist();
    std::printf("mnist is in %s/mnist\n", cache_folder().c_str());
  });

  CLI::App* show = data->add_subcommand("show", "the first training images as a PNG");
  const auto o = std::make_shared<DatasetOptions>();
  const auto out = std::make_shared<std::string>("data.png");
  const auto n = std::make_shared<int64_t>(64);
  show->add_option("NAME", o->name, "mnist, fashion-mnist, triangles, folder or npy")->required();
  show->add_option("--data", o->path, "where the files are");
  show->add_option("--drawing", o->drawing, "triangles: exact, aliased or reduced")->capture_default_str();
  show->add_option("--n", *n, "how many")->check(whole_number())->capture_default_str();
  show->add_option("--out", *out, "PNG to write")->capture_default_str();
  show->callback([o, out, n] {
    ITO_CHECK(*n >= 1, "--n must be at least 1, got ", *n);
    check_writable(*out);
    o->count = o->limit = *n;
    const Dataset set = load_dataset(*o);
    write_png(*out, image_grid(set.images));
    std::printf("%s: %ld images of %s from %s\n", out->c_str(), long(set.size()), set.name.c_str(), set.origin.c_str());
  });
}

}  // namespace ito::cli
