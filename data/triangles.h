// The triangle images of Martinez Rojas 2023, section 5: three points, uniform on an n x n canvas, joined and filled with 1 on 0; one channel. With
// three channels (the future work of section 7 there) a triangle has a colour c / max(c), c uniform in [0, 1)^3, on black.
#pragma once

#include <array>

#include "tensor/random.h"

namespace ito {

// aliased   drawn at the final size: a pixel is 1 where its centre is inside
// reduced   drawn so at 720 x 720 and reduced by averaging
// exact     each pixel is the share of its area that is covered, worked out edge by edge
enum class Drawing { aliased, reduced, exact };
Drawing drawing_named(const std::string& name);  // throws Error with the known names

struct Point {
  double x, y;
};
using Triangle = std::array<Point, 3>;  // in units of the canvas, [0, 1] x [0, 1]

Triangle random_triangle(const Generator& key, int64_t index);                  // the index-th of the draw `key`
std::array<double, 3> random_colour(const Generator& key, int64_t index);       // its largest part is 1
Tensor draw_triangle(const Triangle& triangle, int64_t size, Drawing drawing);  // u8 (size, size, 1)
// u8 (count, size, size, channels), channels 1 or 3, else Error. The triangles are the same for both.
Tensor draw_triangles(int64_t count, int64_t size, Drawing drawing, const Generator& key, int64_t channels = 1);

// The share of each pixel of a canvas of size x size that a triangle, in pixels, covers: size * size values in [0, 1] into `shares`, row by row.
void cover(const Triangle& triangle, int64_t size, double* shares);
// The same with 1 where the centre of a pixel is inside or on an edge, and 0 elsewhere.
void cover_centres(const Triangle& triangle, int64_t size, double* shares);

}  // namespace ito
