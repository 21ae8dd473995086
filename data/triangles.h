// The triangle images of Martinez Rojas 2023, section 5: three points, uniform on an n x n canvas, joined and filled with 1 on 0; one channel.
#pragma once

#include <array>

#include "tensor/random.h"

namespace ito {

// aliased   drawn at the final size: a pixel is 1 where its centre is inside
// reduced   drawn so at 720 x 720 and reduced by averaging
// exact     each pixel is the share of its area that is covered, worked out by clipping
enum class Drawing { aliased, reduced, exact };
Drawing drawing_named(const std::string& name);  // throws Error with the known names

struct Point {
  double x, y;
};
using Triangle = std::array<Point, 3>;  // in units of the canvas, [0, 1] x [0, 1]

Triangle random_triangle(const Generator& key, int64_t index);                              // the index-th of the draw `key`
Tensor draw_triangle(const Triangle& triangle, int64_t size, Drawing drawing);              // u8 (size, size, 1)
Tensor draw_triangles(int64_t count, int64_t size, Drawing drawing, const Generator& key);  // u8 (count, size, size, 1)

}  // namespace ito
