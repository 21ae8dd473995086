// Multiply-adds in registers and nothing else: what a device can do at most, measured (bench/kernels/peaks.cpp).
//   y[i] = y[i] factor + 1, `rounds` times over; y (n) in place
#pragma once

#include "kernels/registry.h"
#include "kernels/work.h"

namespace ito::kernels {

template <class T>
using MultiplyAdds = Kernel<"multiply_adds", T, void(T* y, int64_t n, T factor, int64_t rounds)>;

constexpr Work multiply_adds_work(int64_t n, int64_t rounds, int64_t size) {
  return {.flops = 2.0 * double(n) * double(rounds), .bytes = double(2 * n * size)};
}

}  // namespace ito::kernels
