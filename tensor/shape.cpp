#include "tensor/shape.h"

#include <algorithm>
#include <ostream>

#include "tensor/error.h"

namespace ito {

int64_t Shape::numel() const { return product(0, rank()); }

int64_t Shape::product(int first, int last) const {
  int64_t n = 1;
  for (int i = first; i < last; ++i)
    ITO_CHECK(!__builtin_mul_overflow(n, (*this)[size_t(i)], &n), "shape ", *this, " has more elements than can be counted");
  return n;
}

Shape Shape::with(int axis, int64_t extent) const {
  Shape copy = *this;
  copy[size_t(axis)] = extent;
  return copy;
}

Shape Shape::without(int axis) const {
  Shape copy = *this;
  copy.erase(copy.begin() + axis);
  return copy;
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  out << '[';
  for (size_t i = 0; i < shape.size(); ++i) out << (i ? ", " : "") << shape[i];
  return out << ']';
}

int normal_axis(const char* op, int axis, const Shape& shape) {
  const int rank = shape.rank();
  ITO_CHECK(axis >= -rank && axis < rank, "[", op, "] axis ", axis, " out of range for shape ", shape);
  return axis < 0 ? axis + rank : axis;
}

Shape broadcast_shape(const char* op, const Shape& a, const Shape& b) {
  Shape out(size_t(std::max(a.rank(), b.rank())), 1);
  for (int i = 1; i <= out.rank(); ++i) {
    const int64_t m = i <= a.rank() ? a[size_t(a.rank() - i)] : 1;
    const int64_t n = i <= b.rank() ? b[size_t(b.rank() - i)] : 1;
    ITO_CHECK(m == n || m == 1 || n == 1, "[", op, "] shapes ", a, " and ", b, " do not broadcast");
    out[size_t(out.rank() - i)] = m == 1 ? n : m;
  }
  return out;
}

}  // namespace ito
