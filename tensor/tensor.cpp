#include "tensor/tensor.h"

#include <algorithm>
#include <limits>

#include "kernels/cast/cast.h"

namespace ito {

namespace {
// Every element type, for functions that only move or convert values.
template <class F>
void for_any_type(DType dtype, F&& f) {
  dispatch<float, double, bfloat16, int64_t, int32_t, uint8_t, bool>(dtype, "tensor", std::forward<F>(f));
}

template <class To, class From>
To convert(From value) {
  if constexpr (std::is_same_v<From, bfloat16>)
    return convert<To>(float(value));
  else
    return To(value);
}
}  // namespace

Tensor Tensor::empty(const Shape& shape, DType dtype, Device device) {
  for (int64_t extent : shape) ITO_CHECK(extent >= 0, "negative extent in shape ", shape);
  const int64_t numel = shape.numel();
  ITO_CHECK(numel <= std::numeric_limits<int64_t>::max() / 16, "a tensor of shape ", shape, " is larger than any memory");
  return Tensor(Impl{std::make_shared<Storage>(size_t(numel) * size_of(dtype), device), 0, shape, numel, dtype, nullptr});
}

Tensor Tensor::full(const Shape& shape, double value, DType dtype, Device device) {
  Tensor out = empty(shape, dtype, device);
  out.fill(value);
  return out;
}

Tensor Tensor::arange(int64_t count, DType dtype) {
  Tensor out = empty({count}, dtype);
  for_any_type(dtype, [&]<class T>() {
    for (int64_t i = 0; i < count; ++i) out.data<T>()[i] = convert<T>(double(i));
  });
  return out;
}

template <class T>
Tensor Tensor::from(const std::vector<T>& values, const Shape& shape) {
  ITO_CHECK(int64_t(values.size()) == shape.numel(), values.size(), " values do not fill shape ", shape);
  Tensor out = empty(shape, dtype_of<T>::value);
  std::copy(values.begin(), values.end(), out.data<T>());
  return out;
}

int64_t Tensor::extent(int axis) const { return shape()[size_t(normal_axis("extent", axis, shape()))]; }

template <class T>
T Tensor::item() const {
  ITO_CHECK(numel() == 1, "item() needs one element, got shape ", shape());
  return to_vector<T>()[0];
}

template <class T>
std::vector<T> Tensor::to_vector() const {
  if (device() != Device::cpu) return to(Device::cpu).to_vector<T>();
  std::vector<T> out(static_cast<size_t>(numel()));
  for_any_type(dtype(), [&]<class U>() { std::transform(data<U>(), data<U>() + numel(), out.begin(), convert<T, U>); });
  return out;
}

Tensor Tensor::view(Shape shape) const {
  const auto unknown = std::find(shape.begin(), shape.end(), -1);
  if (unknown != shape.end()) {
    *unknown = 1;
    const int64_t known = shape.numel();
    ITO_CHECK(known > 0 && numel() % known == 0, "[view] shape ", this->shape(), " does not fit the given extents ", shape);
    *unknown = numel() / known;
  }
  ITO_CHECK(shape.numel() == numel(), "[view] shape ", this->shape(), " has ", numel(), " elements, ", shape, " has ", shape.numel());
  return Tensor(Impl{impl().storage, impl().offset, shape, numel(), dtype(), nullptr});
}

Tensor Tensor::rows(int64_t first, int64_t last) const {
  ITO_CHECK(rank() > 0 && 0 <= first && first <= last && last <= shape()[0], "[rows] ", first, " to ", last, " is outside shape ", shape());
  const Shape part = shape().with(0, last - first);
  const size_t row_bytes = size_t(shape().product(1, rank())) * size_of(dtype());
  return Tensor(Impl{impl().storage, impl().offset + size_t(first) * row_bytes, part, part.numel(), dtype(), nullptr});
}

Tensor Tensor::clone() const {
  Tensor out = empty(shape(), dtype(), device());
  out.copy_from(*this);
  return out;
}

Tensor Tensor::to(Device target) const {
  if (target == device()) return *this;
  Tensor out = empty(shape(), dtype(), target);
  out.copy_from(*this);
  return out;
}

Tensor Tensor::to(DType target) const {
  if (target == dtype()) return *this;
  Tensor out = empty(shape(), target, device());
  for_any_type(target, [&]<class To>() { kernels::Cast<To>::on(device())(raw(), dtype(), out.data<To>(), numel()); });
  return out;
}

Tensor Tensor::detach() const { return view(shape()); }

void Tensor::copy_from(const Tensor& source) const {
  ITO_CHECK(source.shape() == shape() && source.dtype() == dtype(), "[copy_from] expected ", dtype(), " ", shape(), ", got ", source.dtype(), " ",
            source.shape());
  copy_bytes(static_cast<std::byte*>(raw()), device(), static_cast<const std::byte*>(source.raw()), source.device(), bytes());
  mark_written();
}

void Tensor::fill(double value) const {
  for_any_type(dtype(), [&]<class T>() { kernels::Fill<T>::on(device())(data<T>(), numel(), convert<T>(value)); });
  mark_written();
}

#define ITO_INSTANTIATE(T)                                              \
  template Tensor Tensor::from<T>(const std::vector<T>&, const Shape&); \
  template T Tensor::item<T>() const;                                   \
  template std::vector<T> Tensor::to_vector<T>() const;
ITO_INSTANTIATE(float)
ITO_INSTANTIATE(double)
ITO_INSTANTIATE(bfloat16)
ITO_INSTANTIATE(int64_t)
ITO_INSTANTIATE(int32_t)
ITO_INSTANTIATE(uint8_t)
#undef ITO_INSTANTIATE

}  // namespace ito
