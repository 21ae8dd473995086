// reference   a matmul, then a pass for the activation, by the references of both.
// apart       the same by whatever the device has best. "pairs" (feed_forward_pairs.cpp) does both at once.
#include "kernels/feed_forward/feed_forward.h"

#include "kernels/binary/binary.h"

namespace ito::kernels {

namespace {

Broadcast all(int64_t n) { return Broadcast::of(Shape{n}, Shape{n}, Shape{n}); }

template <class T>
void forward_reference(UnaryKind f, const T* x, const T* up, const T* bias, T* y, T* slope, int64_t rows, int64_t in, int64_t hidden) {
  Matmul<T>::named(Device::cpu, "reference")(x, up, bias, slope ? slope : y, {.m = rows, .n = hidden, .k = in, .transpose_b = true});
  if (slope) return FeedForwardSlope<T>::named(Device::cpu, "reference")(f, slope, y, slope, rows * hidden);
  Unary<T>::named(Device::cpu, "reference")(f, y, y, rows * hidden);
}

template <class T>
void backward_reference(const T* dy, const T* down, const T* slope, T* dz, int64_t rows, int64_t out, int64_t hidden) {
  Matmul<T>::named(Device::cpu, "reference")(dy, down, nullptr, dz, {.m = rows, .n = hidden, .k = out});
  Binary<T>::named(Device::cpu, "reference")(BinaryKind::mul, dz, slope, dz, all(rows * hidden));
}

template <class T, Device device>
void forward_apart(UnaryKind f, const T* x, const T* up, const T* bias, T* y, T* slope, int64_t rows, int64_t in, int64_t hidden) {
  Matmul<T>::on(device)(x, up, bias, slope ? slope : y, {.m = rows, .n = hidden, .k = in, .transpose_b = true});
  if (slope) return FeedForwardSlope<T>::on(device)(f, slope, y, slope, rows * hidden);
  Unary<T>::on(device)(f, y, y, rows * hidden);
}

template <class T, Device device>
void backward_apart(const T* dy, const T* down, const T* slope, T* dz, int64_t rows, int64_t out, int64_t hidden) {
  Matmul<T>::on(device)(dy, down, nullptr, dz, {.m = rows, .n = hidden, .k = out});
  Binary<T>::on(device)(BinaryKind::mul, dz, slope, dz, all(rows * hidden));
}

template <Device device>
bool add_apart() {
  return add_for_types<float, double, bfloat16>([]<class T>() {
    FeedForwardUp<T>::add(device, "apart", &forward_apart<T, device>, __FILE__, __LINE__);
    FeedForwardUpBackward<T>::add(device, "apart", &backward_apart<T, device>, __FILE__, __LINE__);
  });
}

}  // namespace

ITO_REGISTER_KERNEL(FeedForwardUp, Device::cpu, "reference", forward_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(FeedForwardUpBackward, Device::cpu, "reference", backward_reference, float, double, bfloat16);
[[maybe_unused]] static const bool apart_on_cpu = add_apart<Device::cpu>(), apart_on_cuda = add_apart<Device::cuda>();

}  // namespace ito::kernels
