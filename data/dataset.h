// A set of images in memory, and where it came from.
#pragma once

#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace ito {

struct Dataset {
  std::string name;
  std::string origin;  // the folder, file or rule it was made from
  Tensor images;       // u8 (N, H, W, C)
  Tensor labels;       // i64 (N); undefined when there are none
  int64_t classes = 0;

  int64_t size() const { return images.extent(0); }
};

enum class Split { train, test };

struct DatasetOptions {
  std::string name = "mnist";  // mnist, fashion-mnist, triangles, or a folder of PNGs or an .npy file given as `path`
  std::string path = {};       // where to look first; empty: $ITO_DATA, the system, the cache, the bundle
  Split split = Split::train;
  int64_t limit = 0;              // the first so many images; 0: all
  int64_t size = 32;              // triangles: pixels a side
  int64_t count = 10000;          // triangles: how many
  std::string drawing = "exact";  // triangles: exact, aliased or reduced (data/triangles.h)
  uint64_t seed = 1;              // triangles
};

// Throws Error: unknown name, nothing found (with the places that were searched), damaged files.
Dataset load_dataset(const DatasetOptions& options);
std::vector<std::string> dataset_names();

// Bytes 0 ... 255 to [-1, 1] and back (rounded, clamped).
Tensor unit_range(const Tensor& bytes);
Tensor to_bytes(const Tensor& images);

}  // namespace ito
