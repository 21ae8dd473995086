#include "kernels/feed_forward/feed_forward.h"

#include "kernels/feed_forward/slope_row.h"
#include "kernels/parallel.h"

namespace ito::kernels {

namespace {

template <class T>
void reference(UnaryKind f, const T* z, T* y, T* slope, int64_t n) {
  with_activation(f, [&]<UnaryKind k>() {
    for (int64_t i = 0; i < n; ++i) {
      const double at = double(z[i]);
      y[i] = T(unary_value<k, StandardMath, double>(at));
      slope[i] = T(activation_derivative<k, StandardMath, double>(at));
    }
  });
}

template <class T>
void fast(UnaryKind f, const T* z, T* y, T* slope, int64_t n) {
  with_activation(f, [&]<UnaryKind k>() {
    parallel_for(n, 1 << 13, [=](int64_t first, int64_t last) { slope_row<k>(z + first, last - first, y + first, slope + first); });
  });
}

}  // namespace

ITO_REGISTER_KERNEL(FeedForwardSlope, Device::cpu, "reference", reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(FeedForwardSlope, Device::cpu, "fast", fast, float, double, bfloat16);

}  // namespace ito::kernels
