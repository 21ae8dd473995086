#include "diffusion/network.h"

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/unary.h"

namespace ito {

namespace {

const char* kind(const UNetOptions&) { return "unet"; }
const char* kind(const RefineNetOptions&) { return "refinenet"; }
const char* kind(const MlpOptions&) { return "mlp"; }
const char* kind(const ViTOptions& o) { return o.long_skips ? "u-vit" : "vit"; }

void check_sides(const UNetOptions& o, const Shape& image) {
  const int64_t multiple = o.patch << (o.multipliers.size() - 1);
  ITO_CHECK(image[0] % multiple == 0 && image[1] % multiple == 0, "config: the images are ", image[0], "x", image[1],
            "; with these model.multipliers and model.patch their sides must be multiples of ", multiple);
}
void check_sides(const ViTOptions& o, const Shape& image) {
  ITO_CHECK(image[0] == o.size && image[1] == o.size, "config: the images are ", image[0], "x", image[1], ", but model.size is ", o.size);
}

void check_sides(const RefineNetOptions& o, const Shape& image) {
  ITO_CHECK(image[0] % (2 * o.patch) == 0 && image[1] % (2 * o.patch) == 0, "config: the images are ", image[0], "x", image[1],
            "; for model.kind 'refinenet' with this model.patch their sides must be multiples of ", 2 * o.patch);
}
void check_sides(const MlpOptions&, const Shape& image) {
  ITO_CHECK(image[0] == 1 && image[1] == 1, "config: the images are ", image[0], "x", image[1], ", but model.kind 'mlp' is for points");
}

template <class Net>
auto caller(const Net& net) {
  return [&net](const Tensor& x, const Tensor& t, const Tensor& labels, Generator& random) {
    if constexpr (std::is_invocable_v<const Net&, const Tensor&, const Tensor&, const Tensor&, Generator&>)
      return net(x, t, labels, random);
    else
      return net(x, t, labels);
  };
}

template <class Net, class Options>
Network made(const Options& o, Generator& init) {
  auto net = std::make_unique<Net>(o, init);
  auto call = caller(*net);
  return {std::move(net), std::move(call)};
}
Network make(const UNetOptions& o, Generator& init) { return made<UNet>(o, init); }
// Its time is the number of a noise level.
Network make(const RefineNetOptions& o, Generator& init) {
  Network network = made<RefineNet>(o, init);
  const double levels = double(o.levels - 1) / 1000;
  network.call = [call = network.call, levels](const Tensor& x, const Tensor& t, const Tensor& labels, Generator& random) {
    return call(x, round(t * levels), labels, random);
  };
  return network;
}
Network make(const MlpOptions& o, Generator& init) { return made<Mlp>(o, init); }
Network make(const ViTOptions& o, Generator& init) { return made<ViT>(o, init); }

}  // namespace

const char* kind_of(const NetworkOptions& options) {
  return std::visit([](const auto& o) { return kind(o); }, options);
}

NetworkOptions network_named(const std::string& name) {
  const NetworkOptions all[] = {UNetOptions{}, ViTOptions{}, ViTOptions{.long_skips = false}, MlpOptions{}, RefineNetOptions{}};
  std::string names;
  for (const NetworkOptions& options : all) {
    if (name == kind_of(options)) return options;
    names += std::string(" ") + kind_of(options);
  }
  fail("config: no model.kind '", name, "'; there are:", names);
}

int64_t classes_of(const NetworkOptions& options) {
  return std::visit(
      [](const auto& o) -> int64_t {
        if constexpr (requires { o.classes; })
          return o.classes;
        else
          return 0;
      },
      options);
}

int64_t channels_of(const NetworkOptions& options) {
  return std::visit([](const auto& o) { return o.channels; }, options);
}

NetworkOptions with_range(NetworkOptions options) {
  std::visit(
      [](auto& o) {
        if constexpr (requires { o.outputs; })
          o.outputs = 2 * o.channels;
        else
          fail("config: diffusion.variance 'learned' needs another model.kind than '", kind(o), "'");
      },
      options);
  return options;
}

void check_takes(const NetworkOptions& options, const Shape& image, const std::string& data) {
  ITO_CHECK(image[2] == channels_of(options), "config: model.channels is ", channels_of(options), ", but the images of '", data, "' have ", image[2]);
  std::visit([&](const auto& o) { check_sides(o, image); }, options);
}

Network make_network(const NetworkOptions& options, Generator& init) {
  return std::visit([&](const auto& o) { return make(o, init); }, options);
}

}  // namespace ito
