// Reductions over any axes: y[k] = reduce over r of x[offset(k) + offset(r)], with k over the kept axes and r over the reduced ones.
//   sum, mean, max, min (NaN if any is NaN);  variance 1/n sum (x - mean)^2, two passes;  logsumexp m + log sum exp(x - m), m = max x
//   argmax: the position along the one reduced axis of the first of the largest (the first NaN, if there is one)
// y is dense over the kept axes, overwritten, and must not overlap x. Sums run in a fixed order, whatever the number of threads.
#pragma once

#include "kernels/registry.h"
#include "kernels/work.h"
#include "tensor/shape.h"

namespace ito::kernels {

enum class ReduceKind { sum, mean, max, min, variance, logsumexp };

// A dense tensor's axes parted into kept and reduced ones, neighbours of a kind merged; each list has at least one axis.
struct Reduction {
  struct Axis {
    int64_t extent, stride;
  };
  std::vector<Axis> kept, reduced;

  int64_t kept_numel() const;
  int64_t reduced_numel() const;
  static Reduction of(const Shape& shape, const std::vector<bool>& is_reduced);
};

template <class T>
using Reduce = Kernel<"reduce", T, void(ReduceKind kind, const T* x, T* y, const Reduction& axes)>;
template <class T>
using Argmax = Kernel<"argmax", T, void(const T* x, int64_t* y, const Reduction& axes)>;

constexpr Work reduce_work(int64_t n, int64_t size) { return {.flops = double(n), .bytes = double(n * size)}; }

}  // namespace ito::kernels
