// The trace of the Jacobian of a map, row by row: exact, or Hutchinson's estimate  E[v^T J v] = tr J  for E[v v^T] = I. Hutchinson 1990; Skilling
// 1989.
#pragma once

#include <functional>

#include "tensor/random.h"

namespace ito {

// f(x) of x's shape (N, ...); row n of f depends on row n of x only.
using RowMap = std::function<Tensor(const Tensor& x)>;

struct ValueAndTrace {
  Tensor value, trace;  // f(x), and tr df_n/dx_n, (N)
};
// One backward pass for each of the d elements of a row.
ValueAndTrace jacobian_trace(const RowMap& f, const Tensor& x);
// One backward pass: v^T J v for the probe v, of x's shape. Both may be differentiated again where operations are recorded, and work where they are
// not.
ValueAndTrace hutchinson_trace(const RowMap& f, const Tensor& x, const Tensor& v);

// Laws of v. The variance of v^T A v, A symmetric of d rows:
//   gaussian     2 |A|^2                                     |A|^2 = sum_ij A_ij^2
//   rademacher   2 (|A|^2 - sum_i A_ii^2)                    elements -1 and 1; exact for a diagonal A
//   sphere       2 (d |A|^2 - (tr A)^2) / (d + 2)            uniform on the sphere of radius sqrt(d)
enum class Probe { gaussian, rademacher, sphere };
// (N, ...) probes; key as in normal_from. Rows first_row, first_row + 1, ... of the key's: the same ones in any batch.
Tensor probes(Probe law, const Shape& shape, const Generator& key, int64_t first_row = 0, DType dtype = DType::f32, Device device = Device::cpu);

}  // namespace ito
