#include "data/points.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ito {

namespace {

using std::numbers::pi;

struct Plane {
  double x, y;
  int64_t label;
};

// What one point is made of: three uniform and two normal numbers.
struct Chance {
  double u, v, w, z[2];
};

Plane around(double radius, double angle, double noise, const Chance& c, int64_t label) {
  return {radius * std::cos(angle) + noise * c.z[0], radius * std::sin(angle) + noise * c.z[1], label};
}

Plane swiss_roll(const Chance& c) {
  const double a = 1.5 * pi * (1 + 2 * c.u);
  return around(a, a, 0.5, c, 0);
}

Plane rings(const Chance& c) {
  const int64_t ring = int64_t(3 * c.v);
  return around(double(ring + 1), 2 * pi * c.u, 0.1, c, ring);
}

Plane moons(const Chance& c) {
  const int64_t moon = int64_t(2 * c.v);
  const double side = moon == 0 ? 1 : -1;
  return {side * (std::cos(pi * c.u) - 0.5) + 0.1 * c.z[0], side * (std::sin(pi * c.u) - 0.25) + 0.1 * c.z[1], moon};
}

Plane checkerboard(const Chance& c) {
  const double x = 4 * c.u, y = 2 * c.v;  // y on the two dark fields of a column, put together
  const int64_t column = int64_t(x), field = 2 * int64_t(y) + column % 2;
  return {x - 2, double(field) + (y - std::floor(y)) - 2, 0};
}

Plane spiral(const Chance& c) {
  const int64_t arm = int64_t(2 * c.v);
  const double a = 3 * pi * std::sqrt(c.u);
  return around(a, a + double(arm) * pi, 0.3, c, arm);
}

Plane mixture(const Chance& c, const PointSet& set) {
  double below = 0;
  int64_t k = 0;
  const auto last = int64_t(set.components.size()) - 1;
  while (k < last && c.w >= (below += set.components[size_t(k)].weight)) ++k;
  const auto& mean = set.components[size_t(k)].mean;
  return {mean[0] + set.deviation * c.z[0], mean[1] + set.deviation * c.z[1], k};
}

std::vector<Component> grid_of_components() {
  std::vector<Component> out;
  for (const double y : {-4.0, -2.0, 0.0, 2.0, 4.0})
    for (const double x : {-4.0, -2.0, 0.0, 2.0, 4.0}) out.push_back({1.0 / 25, {x, y}});
  return out;
}

const std::vector<PointSet>& all_sets() {
  static const std::vector<PointSet> sets{
      {.name = "swiss-roll", .scale = 7},
      {.name = "mixture", .scale = 5, .classes = 2, .components = {{0.8, {5, 5}}, {0.2, {-5, -5}}}, .deviation = 1},
      {.name = "rings", .scale = 1.5, .classes = 3},
      {.name = "moons", .scale = 0.7, .classes = 2},
      {.name = "checkerboard", .scale = 1.2},
      {.name = "spiral", .scale = 4.5, .classes = 2},
      {.name = "gaussians", .scale = 3, .classes = 25, .components = grid_of_components(), .deviation = 0.2}};
  return sets;
}

Plane place(const PointSet& set, const Chance& c) {
  if (set.name == "swiss-roll") return swiss_roll(c);
  if (set.name == "rings") return rings(c);
  if (set.name == "moons") return moons(c);
  if (set.name == "checkerboard") return checkerboard(c);
  if (set.name == "spiral") return spiral(c);
  return mixture(c, set);
}

}  // namespace

std::vector<std::string> point_set_names() {
  std::vector<std::string> names;
  for (const PointSet& set : all_sets()) names.push_back(set.name);
  return names;
}

bool is_point_set(const std::string& name) {
  return std::any_of(all_sets().begin(), all_sets().end(), [&](const PointSet& set) { return set.name == name; });
}

const PointSet& point_set(const std::string& name) {
  std::string known;
  for (const PointSet& set : all_sets()) {
    if (set.name == name) return set;
    known += " " + set.name;
  }
  fail("no point set '", name, "'; there are:", known);
}

Points draw_points(const std::string& name, int64_t count, const Generator& key, int64_t first) {
  const PointSet& set = point_set(name);
  ITO_CHECK(count >= 1, "point sets: the count must be at least 1, got ", count);
  const Tensor uniforms = uniform_from({count, 3}, {key.seed, key.stream, 0}, 3 * first, 0, 1, DType::f64);
  const Tensor normals = normal_from({count, 2}, {key.seed, key.stream, 1}, 2 * first, DType::f64);
  Points out{Tensor::empty({count, 1, 1, 2}), set.classes > 0 ? Tensor::empty({count}, DType::i64) : Tensor()};
  for (int64_t i = 0; i < count; ++i) {
    const double *u = uniforms.data<double>() + 3 * i, *z = normals.data<double>() + 2 * i;
    const Plane point = place(set, {u[0], u[1], u[2], {z[0], z[1]}});
    out.points.data<float>()[2 * i] = float(point.x / set.scale);
    out.points.data<float>()[2 * i + 1] = float(point.y / set.scale);
    if (set.classes > 0) out.labels.data<int64_t>()[i] = point.label;
  }
  return out;
}

}  // namespace ito
