// Memory of a device for the length of a call, from the cache of the allocator: nothing is cleared, and no page is asked of the system twice. On
// cuda: what one launch leaves for the next; freed on return, it goes to launches that are queued later.
#pragma once

#include "tensor/memory.h"

namespace ito::kernels {

template <class T, Device device>
class Scratch {
 public:
  explicit Scratch(int64_t count) : memory_(size_t(count) * sizeof(T), device) {}
  T* data() const { return reinterpret_cast<T*>(memory_.data()); }

 private:
  Storage memory_;
};

}  // namespace ito::kernels
