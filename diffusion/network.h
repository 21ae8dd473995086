// The networks a diffusion model can have, behind one call.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "nn/mlp.h"
#include "nn/refinenet.h"
#include "nn/unet.h"
#include "nn/vit.h"

namespace ito {

using NetworkOptions = std::variant<UNetOptions, ViTOptions, MlpOptions, RefineNetOptions>;

// "unet", "vit" (U-ViT without long skips), ...: what a configuration's model.kind calls the alternatives.
const char* kind_of(const NetworkOptions& options);
NetworkOptions network_named(const std::string& kind);  // with its defaults; throws Error with the names there are
int64_t classes_of(const NetworkOptions& options);      // 0: unconditional
int64_t channels_of(const NetworkOptions& options);     // of the data
// The same with two outputs a channel: the prediction's, then those of a learned variance. Throws Error for a network that can have one only.
NetworkOptions with_range(NetworkOptions options);
// Throws Error when the network cannot take images (H, W, C); `data` is their set's name.
void check_takes(const NetworkOptions& options, const Shape& image, const std::string& data);

struct Network {
  std::unique_ptr<Module> module;
  // x (N, H, W, C), t (N) f32 from 0 to 1000, labels (N) i64 or undefined, random numbers for dropout -> the prediction,
  // (N, H, W, C) or (N, H, W, 2C).
  std::function<Tensor(const Tensor& x, const Tensor& t, const Tensor& labels, Generator& random)> call;
};
Network make_network(const NetworkOptions& options, Generator& init);

}  // namespace ito
