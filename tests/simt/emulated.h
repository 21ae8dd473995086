// For tests of the emulator: device arrays, and settings for a while.
#pragma once

#include <vector>

#include "kernels/cuda/runtime.h"
#include "kernels/simt/cuda.h"

namespace ito::checks {

// Settings for a while.
struct With {
  simt::Settings before = simt::settings();
  explicit With(const simt::Settings& s) { simt::set_settings(s); }
  ~With() { simt::set_settings(before); }
  With(const With&) = delete;
  With& operator=(const With&) = delete;
};

inline const std::vector<simt::Settings> orders{
    {.order = simt::Order::forward}, {.order = simt::Order::reverse}, {.order = simt::Order::shuffled, .seed = 7}};

template <class T>
struct Array {
  T* data;
  size_t n;
  explicit Array(const std::vector<T>& values) : data(reinterpret_cast<T*>(cuda::allocate(values.size() * sizeof(T)))), n(values.size()) {
    cuda::copy(data, values.data(), n * sizeof(T));
  }
  ~Array() { cuda::release(reinterpret_cast<std::byte*>(data)); }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  std::vector<T> values() const {
    std::vector<T> out(n);
    cuda::copy(out.data(), data, n * sizeof(T));
    return out;
  }
};

}  // namespace ito::checks
