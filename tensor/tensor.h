// Tensor: a dense, row-major array and nothing else. It knows no gradients (autograd/ hangs its own data on the slot below).
// Copies of a Tensor share memory, as in NumPy and PyTorch; clone() makes memory of its own.
// Images are (N, H, W, C), tokens (N, T, C), convolution weights (Cout, kh, kw, Cin).
#pragma once

#include <memory>
#include <vector>

#include "tensor/dtype.h"
#include "tensor/memory.h"
#include "tensor/shape.h"

namespace ito {

struct AutogradMeta;  // defined in autograd/graph.h

class Tensor {
 public:
  Tensor() = default;  // undefined: "no tensor"; in gradients it stands for zero

  // Elements are not initialised.
  static Tensor empty(const Shape& shape, DType dtype = DType::f32, Device device = Device::cpu);
  static Tensor full(const Shape& shape, double value, DType dtype = DType::f32, Device device = Device::cpu);
  static Tensor zeros(const Shape& shape, DType dtype = DType::f32, Device device = Device::cpu) { return full(shape, 0, dtype, device); }
  static Tensor ones(const Shape& shape, DType dtype = DType::f32, Device device = Device::cpu) { return full(shape, 1, dtype, device); }
  static Tensor scalar(double value, DType dtype = DType::f32, Device device = Device::cpu) { return full({}, value, dtype, device); }
  // Of the shape, type and device of `like`, with nothing in it, or zeros.
  static Tensor empty_like(const Tensor& like) { return empty(like.shape(), like.dtype(), like.device()); }
  static Tensor zeros_like(const Tensor& like) { return zeros(like.shape(), like.dtype(), like.device()); }
  static Tensor arange(int64_t count, DType dtype = DType::i64);  // 0, 1, ... count-1
  // Copies `values` to the cpu; throws Error when their number is not shape.numel().
  template <class T>
  static Tensor from(const std::vector<T>& values, const Shape& shape);
  template <class T>
  static Tensor from(const std::vector<T>& values) {
    return from(values, Shape{int64_t(values.size())});
  }

  bool defined() const { return impl_ != nullptr; }
  const Shape& shape() const { return impl().shape; }
  int rank() const { return shape().rank(); }
  int64_t extent(int axis) const;  // axis in [-rank, rank)
  int64_t numel() const { return impl().numel; }
  DType dtype() const { return impl().dtype; }
  Device device() const { return impl().storage->device(); }
  bool is_floating() const { return ito::is_floating(dtype()); }
  size_t bytes() const { return size_t(numel()) * size_of(dtype()); }
  Storage& storage() const { return *impl().storage; }

  // The elements, on the tensor's device (those of another than the cpu are for kernels only); throws Error when T is not the tensor's type.
  template <class T>
  T* data() const {
    ITO_CHECK(dtype() == dtype_of<T>::value, "expected a ", dtype_of<T>::value, " tensor, got ", dtype());
    return static_cast<T*>(raw());
  }
  void* raw() const { return impl().storage->data() + impl().offset; }

  template <class T = double>
  T item() const;  // the only element of a one-element tensor, converted
  template <class T>
  std::vector<T> to_vector() const;  // all elements in row-major order, converted

  // The same elements under another shape; one extent may be -1 and is worked out. Shares memory. No gradient flows through.
  Tensor view(Shape shape) const;
  // Elements [first, last) of the outermost axis. Shares memory. No gradient flows through.
  Tensor rows(int64_t first, int64_t last) const;
  Tensor clone() const;                        // own memory, no gradient
  Tensor to(DType dtype) const;                // converted copy (itself when the type is the same), no gradient
  Tensor to(Device device) const;              // copy on that device (itself when it is there), no gradient
  Tensor detach() const;                       // the same memory without its gradient history
  void copy_from(const Tensor& source) const;  // in place, also from another device; shapes and types must agree
  void fill(double value) const;               // in place
  void mark_written() const { ++impl().storage->version; }

  // What autograd knows about this tensor; null for a plain one.
  const std::shared_ptr<AutogradMeta>& autograd_meta() const { return impl().meta; }
  void set_autograd_meta(std::shared_ptr<AutogradMeta> meta) const { impl().meta = std::move(meta); }

  bool same_as(const Tensor& other) const { return impl_ == other.impl_; }

 private:
  struct Impl {
    std::shared_ptr<Storage> storage;
    size_t offset = 0;  // bytes
    Shape shape;
    int64_t numel = 0;
    DType dtype = DType::f32;
    std::shared_ptr<AutogradMeta> meta;
  };
  explicit Tensor(Impl impl) : impl_(std::make_shared<Impl>(std::move(impl))) {}
  Impl& impl() const {
    ITO_CHECK(impl_, "use of an undefined tensor");
    return *impl_;
  }

  std::shared_ptr<Impl> impl_;
};

using Tensors = std::vector<Tensor>;

}  // namespace ito
