#include "kernels/binary/binary.h"

namespace ito::kernels {

int64_t Broadcast::numel() const {
  int64_t n = 1;
  for (int i = 0; i < rank; ++i) n *= extent[i];
  return n;
}

Broadcast Broadcast::of(const Shape& a, const Shape& b, const Shape& out) {
  // Strides of an operand along the axes of the result: 0 where it has extent 1 or no such axis.
  const auto strides = [&](const Shape& shape) {
    std::vector<int64_t> s(out.size(), 0);
    int64_t stride = 1;
    for (int i = 1; i <= shape.rank(); ++i) {
      const int64_t n = shape[size_t(shape.rank() - i)];
      if (n != 1) s[out.size() - size_t(i)] = stride;
      stride *= n;
    }
    return s;
  };
  const std::vector<int64_t> sa = strides(a), sb = strides(b);

  Broadcast space;
  for (size_t i = 0; i < out.size(); ++i) {
    if (out[i] == 1) continue;
    const int last = space.rank - 1;
    if (last >= 0 && space.stride_a[last] == sa[i] * out[i] && space.stride_b[last] == sb[i] * out[i]) {
      space.extent[last] *= out[i];
      space.stride_a[last] = sa[i];
      space.stride_b[last] = sb[i];
      continue;
    }
    ITO_CHECK(space.rank < max_rank, "shapes ", a, " and ", b, " broadcast over more than ", max_rank, " axes");
    space.extent[space.rank] = out[i];
    space.stride_a[space.rank] = sa[i];
    space.stride_b[space.rank] = sb[i];
    ++space.rank;
  }
  if (space.rank == 0) {
    space.rank = 1;
    space.extent[0] = 1;
  }
  return space;
}

}  // namespace ito::kernels
