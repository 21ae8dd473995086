// Images with a border of zeros, their channels filled up with zeros to whole blocks of kernels/gemm/pairs.h. In such images, pixel after pixel, a
// tap (u, v) of a convolution of stride 1 is a step of u width + v from the result's place: what it meets is the same matrix, begun elsewhere, and
// the convolution a sum of products that copies no patch. Results at the end of a row, where taps reach into the next one, are thrown away.
#pragma once

#include <algorithm>

#include "kernels/conv2d/conv2d.h"
#include "kernels/gemm/pairs.h"
#include "kernels/parallel.h"
#include "kernels/scratch.h"

namespace ito::kernels {

struct Padded {
  int64_t height, width, channels;  // of the image
  int64_t above, left;              // rows and columns of zeros on each side
  int64_t rows() const { return height + 2 * above; }
  int64_t columns() const { return width + 2 * left; }
  int64_t stride() const { return pairs::whole_blocks(channels); }  // of pixels
  int64_t size() const { return rows() * columns() * stride(); }

  // One image.
  void copy(const bfloat16* image, bfloat16* to) const {
    const int64_t line = columns() * stride();
    std::fill_n(to, above * line, bfloat16());
    to += above * line;
    for (int64_t i = 0; i < height; ++i) {
      std::fill_n(to, left * stride(), bfloat16());
      to += left * stride();
      for (int64_t j = 0; j < width; ++j, to += stride(), image += channels) {
        std::copy_n(image, channels, to);
        std::fill_n(to + channels, stride() - channels, bfloat16());
      }
      std::fill_n(to, left * stride(), bfloat16());
      to += left * stride();
    }
    std::fill_n(to, above * line, bfloat16());
  }
};

// Shapes that pairs are for: others, and few channels, are left to "winograd".
inline bool fits_pairs(const Conv2dShape& s) {
  const int64_t smaller = std::min(s.kernel_height, s.kernel_width);
  return s.batch > 0 && s.stride == 1 && s.groups == 1 && s.padding < smaller && s.in_channels >= 16 && s.out_channels >= 16 && s.out_height > 0 &&
         s.out_width > 0;
}

}  // namespace ito::kernels
