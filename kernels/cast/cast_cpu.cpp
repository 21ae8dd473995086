#include "kernels/cast/cast.h"

#include "kernels/parallel.h"

namespace ito::kernels {

namespace {

template <class To>
void cast_part(const void* x, DType from, To* y, int64_t first, int64_t last) {
  dispatch<float, double, bfloat16, int64_t, int32_t, uint8_t, bool>(from, "cast", [&]<class From>() {
    using Read = std::conditional_t<std::is_same_v<From, bfloat16>, float, From>;
    const From* in = static_cast<const From*>(x);
    for (int64_t i = first; i < last; ++i) y[i] = To(Read(in[i]));
  });
}

template <class To>
void cast_reference(const void* x, DType from, To* y, int64_t n) {
  cast_part(x, from, y, 0, n);
}

template <class To>
void cast_parallel(const void* x, DType from, To* y, int64_t n) {
  parallel_for(n, 1 << 14, [=](int64_t first, int64_t last) { cast_part(x, from, y, first, last); });
}

template <class T>
void fill_reference(T* y, int64_t n, T value) {
  for (int64_t i = 0; i < n; ++i) y[i] = value;
}

template <class T>
void fill_parallel(T* y, int64_t n, T value) {
  parallel_for(n, 1 << 15, [=](int64_t first, int64_t last) { std::fill(y + first, y + last, value); });
}

}  // namespace

ITO_REGISTER_KERNEL(Cast, Device::cpu, "reference", cast_reference, float, double, bfloat16, int64_t, int32_t, uint8_t, bool);
ITO_REGISTER_KERNEL(Cast, Device::cpu, "parallel", cast_parallel, float, double, bfloat16, int64_t, int32_t, uint8_t, bool);
ITO_REGISTER_KERNEL(Fill, Device::cpu, "reference", fill_reference, float, double, bfloat16, int64_t, int32_t, uint8_t, bool);
ITO_REGISTER_KERNEL(Fill, Device::cpu, "parallel", fill_parallel, float, double, bfloat16, int64_t, int32_t, uint8_t, bool);

}  // namespace ito::kernels
