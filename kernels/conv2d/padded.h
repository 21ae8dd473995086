// Images with borders of zeros, one below the other, their channels filled up with zeros to whole blocks of kernels/gemm/pairs.h. Neighbours share a
// border: what is right of a row is left of the next, what is below an image above the next. Pixel after pixel, a tap (u, v) of a convolution of
// stride 1 is then a step of u columns + v from the result's place: what it meets is the same matrix, begun elsewhere, and the convolution of all
// images a sum of products that copies no patch. Results at places where taps reach over a border's end are thrown away.
#pragma once

#include <algorithm>

#include "kernels/conv2d/conv2d.h"
#include "kernels/gemm/pairs.h"
#include "kernels/parallel.h"
#include "kernels/scratch.h"

namespace ito::kernels {

struct Padded {
  int64_t height, width, channels;  // of an image
  int64_t above, left;              // rows and columns of zeros
  int64_t rows() const { return above + height; }
  int64_t columns() const { return left + width; }
  int64_t stride() const { return pairs::whole_blocks(channels); }  // of pixels
  int64_t line() const { return columns() * stride(); }

  // The row of all images' pixels, without borders, at or after row t of all images.
  int64_t pixel_row(int64_t t) const { return t / rows() * height + std::max<int64_t>(0, t % rows() - above); }

  // Rows first ... first + count - 1 of all images; below the last one is a border, too.
  void copy(const bfloat16* images, int64_t batch, int64_t first, int64_t count, bfloat16* to) const {
    for (int64_t t = first; t < first + count; ++t, to += line()) {
      if (t % rows() < above || t >= batch * rows()) {
        std::fill_n(to, line(), bfloat16());
        continue;
      }
      const bfloat16* from = images + pixel_row(t) * width * channels;
      bfloat16* out = std::fill_n(to, left * stride(), bfloat16());
      if (stride() == channels) {
        std::copy_n(from, width * channels, out);
        continue;
      }
      for (int64_t j = 0; j < width; ++j, from += channels) out = std::fill_n(std::copy_n(from, channels, out), stride() - channels, bfloat16());
    }
  }
};

// Shapes that pairs are for: others, and few channels, are left to "winograd".
inline bool fits_pairs(const Conv2dShape& s) {
  const int64_t smaller = std::min(s.kernel_height, s.kernel_width);
  return s.batch > 0 && s.stride == 1 && s.groups == 1 && s.padding < smaller && s.in_channels >= 16 && s.out_channels >= 16 && s.out_height > 0 &&
         s.out_width > 0;
}

}  // namespace ito::kernels
