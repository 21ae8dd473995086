#pragma once

#include "kernels/registry.h"

namespace ito::kernels {

constexpr int test_reductions = 10;  // answers of each thread; then 2 x 16 sums of columns

template <class A>
using TestReductions = Kernel<"test_reductions", A, void(const A* x, A* y, int threads)>;

}  // namespace ito::kernels
