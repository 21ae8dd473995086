// Elements that are only moved: a kernel knows them by their size.
#pragma once

#include "kernels/cuda/cuda.h"

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

// Calls f with an element of 1, 2, 4, 8 or 16 bytes, whatever it stands for.
template <class F>
void with_element(size_t size, F&& f) {
  if (size == 16) f(uint4{});
  if (size == 8) f(uint64_t{});
  if (size == 4) f(uint32_t{});
  if (size == 2) f(uint16_t{});
  if (size == 1) f(uint8_t{});
}

// The largest size of at most 16 bytes that `holds` accepts, `size` if none does; holds(bytes) is asked in turn for 16, 8, ...
template <class Holds>
size_t widest_element(size_t size, Holds&& holds) {
  size_t bytes = 16;
  while (bytes > size && !holds(bytes)) bytes /= 2;
  return bytes;
}

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
