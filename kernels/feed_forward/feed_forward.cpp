// reference   a matmul, then a pass for the activation, by the references of both.
// apart       the same by whatever the device has best. "pairs" (feed_forward_pairs.cpp) does both at once.
#include "kernels/feed_forward/feed_forward.h"

#include "kernels/binary/binary.h"

namespace ito::kernels {

namespace {

// The part's reference, or the best that the device has.
template <template <class> class Part, class T, Device device, bool reference>
auto part() {
  if constexpr (reference)
    return Part<T>::named(device, "reference");
  else
    return Part<T>::on(device);
}

template <class T, Device device, bool reference>
void forward(UnaryKind f, const T* x, const T* up, const T* bias, T* y, T* slope, int64_t rows, int64_t in, int64_t hidden) {
  part<Matmul, T, device, reference>()(x, up, bias, slope ? slope : y, {.m = rows, .n = hidden, .k = in, .transpose_b = true});
  if (slope) return part<FeedForwardSlope, T, device, reference>()(f, slope, y, slope, rows * hidden);
  part<Unary, T, device, reference>()(f, y, y, rows * hidden);
}

template <class T, Device device, bool reference>
void backward(const T* dy, const T* down, const T* slope, T* dz, int64_t rows, int64_t out, int64_t hidden) {
  part<Matmul, T, device, reference>()(dy, down, nullptr, dz, {.m = rows, .n = hidden, .k = out});
  const Shape all{rows * hidden};
  part<Binary, T, device, reference>()(BinaryKind::mul, dz, slope, dz, Broadcast::of(all, all, all));
}

template <Device device, bool reference>
bool add() {
  return add_for_types<float, double, bfloat16>([]<class T>() {
    constexpr std::string_view variant = reference ? "reference" : "apart";
    FeedForwardUp<T>::add(device, variant, &forward<T, device, reference>, __FILE__, __LINE__);
    FeedForwardUpBackward<T>::add(device, variant, &backward<T, device, reference>, __FILE__, __LINE__);
  });
}

}  // namespace

[[maybe_unused]] static const bool added[] = {add<Device::cpu, true>(), add<Device::cpu, false>(), add<Device::cuda, false>()};

}  // namespace ito::kernels
