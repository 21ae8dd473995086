// Memory of the device for the length of a call: what one launch leaves for the next. Freed on return, it goes to launches that are queued later.
#pragma once

#include "kernels/cuda/cuda.h"
#include "tensor/memory.h"

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

template <class T>
class Scratch {
 public:
  explicit Scratch(int64_t count) : memory_(size_t(count) * sizeof(T), Device::cuda) {}
  T* data() const { return reinterpret_cast<T*>(memory_.data()); }

 private:
  Storage memory_;
};

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
