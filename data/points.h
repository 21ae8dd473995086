// Sets of points in the plane, on which a generative model can be seen to work. Each is a rule for one point out of random numbers of its own, so
// that point k of a seed is the same in any number. In the set's own units, with u, v, w uniform in [0, 1) and z normal in the plane:
//   swiss-roll     a (cos a, sin a) + 0.5 z,   a = 1.5 pi (1 + 2 u)                        scikit-learn's make_swiss_roll, seen from the side
//   mixture        N((5, 5), I) with weight 0.8, N((-5, -5), I) with weight 0.2            Song & Ermon 2019, section 3.2; their code
//   rings          r (cos 2 pi u, sin 2 pi u) + 0.1 z,   r = 1, 2 or 3, equally often
//   moons          (cos pi u, sin pi u) - (0.5, 0.25) + 0.1 z, or that turned by half a turn    scikit-learn's make_moons, centred
//   checkerboard   uniform on the fields (i, j) of a board of 4 x 4 over [-2, 2]^2 with i + j even
//   spiral         a (cos a, sin a) + 0.3 z, or that turned by half a turn,   a = 3 pi sqrt(u)
//   gaussians      N(m, 0.2^2 I), m on the grid {-4, -2, 0, 2, 4}^2, equally often
#pragma once

#include <array>
#include <string>
#include <vector>

#include "tensor/random.h"

namespace ito {

struct Component {
  double weight;
  std::array<double, 2> mean;
};

struct PointSet {
  std::string name;
  double scale = 1;                        // what networks see is a point divided by this: its coordinates have a mean square of about 1
  int64_t classes = 0;                     // of the labels: component, ring, moon or arm; 0: without
  std::vector<Component> components = {};  // of a mixture of normal distributions, in the set's own units; else empty
  double deviation = 0;                    // of each component
};

// No coordinate of a set, divided by its scale, is further from 0.
constexpr double largest_coordinate = 3;

std::vector<std::string> point_set_names();
bool is_point_set(const std::string& name);
const PointSet& point_set(const std::string& name);  // throws Error with the names there are

struct Points {
  Tensor points;  // f32 (N, 1, 1, 2), divided by the set's scale: images of one pixel, so that whatever works on images works on points
  Tensor labels;  // i64 (N); undefined when the set has none
};
// Points first, first + 1, ... of the draw `key`, which uses calls 0 and 1 of its stream. Throws Error for an unknown name or count < 1.
Points draw_points(const std::string& name, int64_t count, const Generator& key, int64_t first = 0);

}  // namespace ito
