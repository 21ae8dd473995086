#include "data/png.h"

#include <cstring>
#include <vector>

#include <png.h>

#include "tensor/file.h"

namespace ito {

Tensor read_png(const std::string& path) {
  const std::string content = read_file(path);
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  ITO_CHECK(png_image_begin_read_from_memory(&png, content.data(), content.size()), path, ": ", png.message);
  const int64_t channels = png.format & PNG_FORMAT_FLAG_COLOR ? 3 : 1;
  png.format = channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  const Tensor image = Tensor::empty({int64_t(png.height), int64_t(png.width), channels}, DType::u8);
  const png_color black{0, 0, 0};
  if (!png_image_finish_read(&png, &black, image.data<uint8_t>(), 0, nullptr)) {
    const std::string reason = png.message;
    png_image_free(&png);
    fail(path, ": ", reason);
  }
  return image;
}

void write_png(const std::string& path, const Tensor& image) {
  ITO_CHECK(image.rank() == 3 && (image.extent(2) == 1 || image.extent(2) == 3) && image.dtype() == DType::u8,
            "write_png: expected bytes (H, W, 1) or (H, W, 3), got ", image.dtype(), " ", image.shape());
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.height = png_uint_32(image.extent(0));
  png.width = png_uint_32(image.extent(1));
  png.format = image.extent(2) == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png_alloc_size_t size = 0;
  ITO_CHECK(png_image_write_to_memory(&png, nullptr, &size, 0, image.data<uint8_t>(), 0, nullptr), path, ": ", png.message);
  std::vector<char> content(size);
  ITO_CHECK(png_image_write_to_memory(&png, content.data(), &size, 0, image.data<uint8_t>(), 0, nullptr), path, ": ", png.message);
  write_file(path, [&](std::ostream& out) { out.write(content.data(), std::streamsize(size)); });
}

Tensor image_grid(const Tensor& images, const GridOptions& o) {
  ITO_CHECK(images.rank() == 4 && images.numel() > 0, "image_grid: expected images (N, H, W, C), got ", images.shape());
  const int64_t n = images.extent(0), height = images.extent(1), width = images.extent(2), channels = images.extent(3);
  const int64_t columns = std::min(n, o.columns), rows = (n + columns - 1) / columns;
  const int64_t cell_height = height * o.zoom + o.gap, cell_width = width * o.zoom + o.gap;
  const Tensor grid = Tensor::full({rows * cell_height + o.gap, columns * cell_width + o.gap, channels}, o.background, DType::u8);
  const uint8_t* in = images.data<uint8_t>();
  uint8_t* out = grid.data<uint8_t>();
  for (int64_t i = 0; i < n; ++i)
    for (int64_t y = 0; y < height * o.zoom; ++y)
      for (int64_t x = 0; x < width * o.zoom; ++x) {
        const int64_t row = i / columns * cell_height + o.gap + y, column = i % columns * cell_width + o.gap + x;
        std::memcpy(out + (row * grid.extent(1) + column) * channels, in + ((i * height + y / o.zoom) * width + x / o.zoom) * channels,
                    size_t(channels));
      }
  return grid;
}

}  // namespace ito
