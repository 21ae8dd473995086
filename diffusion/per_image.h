// One number an image, worked out from its time.
#pragma once

#include "tensor/tensor.h"

namespace ito {

// value(t[i]) for every image i: (N, 1, ..., 1) of the given rank, f64, on `device`. t (N) i64 on the cpu.
template <class F>
Tensor per_image(const Tensor& t, int rank, Device device, const F& value) {
  std::vector<int64_t> extents(size_t(rank), 1);
  extents[0] = t.numel();
  const Tensor out = Tensor::empty(Shape(extents), DType::f64);
  for (int64_t i = 0; i < t.numel(); ++i) out.data<double>()[i] = value(t.data<int64_t>()[i]);
  return out.to(device);
}

}  // namespace ito
