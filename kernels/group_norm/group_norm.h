// Group norm (Wu & He 2018, eq. 1), alone or followed by SiLU. x (batch, pixels, channels); a group is channels/groups neighbouring channels of
// one image, m = pixels * channels / groups values:
//   mean = sum x / m      rstd = 1 / sqrt(sum (x - mean)^2 / m + eps)      n = (x - mean) rstd      z = n weight[c] + bias[c]
//   y = z, or  y = z sigmoid(z)  with silu
// and back, with dz = dy, or dy silu'(z):
//   dbias[c] = sum dz      dweight[c] = sum dz n      dx = rstd (weight dz - mean_group(weight dz) - n mean_group(weight dz n))
// Layer norm is the case of one pixel and one group, batch norm that of one image and one channel a group.
// mean, rstd (batch, groups), in f32 for bf16. weight and bias may be null (1 and 0), then so are their gradients; dx, dweight, dbias null: not
// wanted. All outputs are overwritten; variance in two passes (E[x^2] - E[x]^2 would cancel).
#pragma once

#include "kernels/registry.h"
#include "kernels/work.h"

namespace ito::kernels {

struct GroupNormShape {
  int64_t batch = 0, pixels = 0, channels = 0, groups = 1;
  double eps = 1e-5;
  bool silu = false;
};

template <class T>
using GroupNormForward =
    Kernel<"group_norm_forward", T,
           void(const T* x, const T* weight, const T* bias, T* y, accumulate_t<T>* mean, accumulate_t<T>* rstd, const GroupNormShape& shape)>;
template <class T>
using GroupNormBackward = Kernel<"group_norm_backward", T,
                                 void(const T* x, const T* weight, const T* bias, const accumulate_t<T>* mean, const accumulate_t<T>* rstd,
                                      const T* dy, T* dx, T* dweight, T* dbias, const GroupNormShape& shape)>;

constexpr Work group_norm_work(int64_t n, int64_t size) { return {.flops = double(8 * n), .bytes = double(2 * n * size)}; }

}  // namespace ito::kernels
