// PNG files and grids of images.
#pragma once

#include <string>

#include "tensor/tensor.h"

namespace ito {

// u8 (H, W, C), C = 1 for grey files and 3 for all others (transparency is dropped on black). Throws Error that names the file.
Tensor read_png(const std::string& path);
// u8 (H, W, 1) or (H, W, 3). Written as a whole or not at all.
void write_png(const std::string& path, const Tensor& image);

struct GridOptions {
  int64_t columns = 8, gap = 2, zoom = 2;  // pixels between images; each pixel becomes zoom x zoom
  uint8_t background = 128;
};
// u8 (N, H, W, C) -> u8 (H', W', C), row by row.
Tensor image_grid(const Tensor& images, const GridOptions& options = {});

}  // namespace ito
