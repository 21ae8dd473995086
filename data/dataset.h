// A set of images in memory, and where it came from. Points in the plane are images of one pixel with two channels (data/points.h).
#pragma once

#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace ito {

struct Dataset {
  std::string name;
  std::string origin;  // the folder, file or rule it was made from
  Tensor images;       // u8 (N, H, W, C), or f32 (N, 1, 1, 2) for points
  Tensor labels;       // i64 (N); undefined when there are none
  int64_t classes = 0;
  double scale = 1;  // points: times this they are in the set's own units

  int64_t size() const { return images.extent(0); }
};

enum class Split { train, test };

struct DatasetOptions {
  std::string name = "mnist";  // one of dataset_names(); folder (of PNGs) and npy (a file) are given as `path`, cifar10 may be
  std::string path = {};       // where to look first; empty: $ITO_DATA, the system, the cache, the bundle
  Split split = Split::train;
  int64_t limit = 0;              // the first so many images; 0: all
  int64_t size = 32;              // triangles: pixels a side
  int64_t channels = 1;           // triangles: 1, or 3 for coloured ones
  int64_t count = 10000;          // triangles, points: how many
  std::string drawing = "exact";  // triangles: exact, aliased or reduced (data/triangles.h)
  uint64_t seed = 1;              // triangles, points; training and test sets of a seed are different draws
};

// Throws Error: unknown name, nothing found (with the places that were searched), damaged files.
Dataset load_dataset(const DatasetOptions& options);
std::vector<std::string> dataset_names();

// Bytes 0 ... 255 to [-1, 1] and back (rounded, clamped). Points, which are f32, stay as they are.
Tensor unit_range(const Tensor& images);
Tensor to_bytes(const Tensor& images);

}  // namespace ito
