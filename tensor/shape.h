// The extents of a tensor, outermost first: Shape{N, H, W, C}. A scalar has shape {}.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <vector>

namespace ito {

class Shape : public std::vector<int64_t> {
 public:
  using std::vector<int64_t>::vector;
  Shape(const std::vector<int64_t>& extents) : std::vector<int64_t>(extents) {}

  int rank() const { return int(size()); }
  int64_t numel() const;                       // product of the extents; 1 for a scalar
  int64_t product(int first, int last) const;  // product of extents [first, last)
  Shape with(int axis, int64_t extent) const;  // a copy with one extent replaced
  Shape without(int axis) const;               // a copy with one axis removed
};

std::ostream& operator<<(std::ostream& out, const Shape& shape);  // [2, 5]

// axis in [-rank, rank) to [0, rank); throws Error naming `op` otherwise.
int normal_axis(const char* op, int axis, const Shape& shape);

// NumPy's rule: extents are aligned at the end, 1 stretches. Throws Error naming `op` when they do not match.
Shape broadcast_shape(const char* op, const Shape& a, const Shape& b);

}  // namespace ito
