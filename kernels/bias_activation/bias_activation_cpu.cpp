#include "kernels/bias_activation/bias_activation.h"

#include <algorithm>

#include "kernels/parallel.h"
#include "kernels/store.h"
#include "kernels/unary/math.h"

namespace ito::kernels {

namespace {

template <class T>
void forward_reference(UnaryKind f, const T* x, const T* bias, T* y, int64_t rows, int64_t cols) {
  with_activation(f, [&]<UnaryKind k>() {
    for (int64_t i = 0; i < rows * cols; ++i) y[i] = T(unary_value<k, StandardMath, double>(double(x[i]) + double(bias[i % cols])));
  });
}

template <class T>
void backward_reference(UnaryKind f, const T* x, const T* bias, const T* dy, T* dz, int64_t rows, int64_t cols) {
  with_activation(f, [&]<UnaryKind k>() {
    for (int64_t i = 0; i < rows * cols; ++i)
      dz[i] = T(double(dy[i]) * activation_derivative<k, StandardMath, double>(double(x[i]) + double(bias[i % cols])));
  });
}

// Rows in parallel, vectorised along each.
template <class Row>
void for_rows(int64_t rows, int64_t cols, Row&& row) {
  parallel_for(rows, std::max<int64_t>(1, (1 << 13) / std::max<int64_t>(1, cols)), [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) row(r * cols);
  });
}

template <class T>
void forward_rows(UnaryKind f, const T* x, const T* bias, T* y, int64_t rows, int64_t cols) {
  using A = accumulate_t<T>;
  with_activation(f, [&]<UnaryKind k>() {
    for_rows(rows, cols,
             [=](int64_t at) { store_each<A>(cols, y + at, [=](int64_t c) { return unary_value<k, FastMath, A>(A(x[at + c]) + A(bias[c])); }); });
  });
}

template <class T>
void backward_rows(UnaryKind f, const T* x, const T* bias, const T* dy, T* dz, int64_t rows, int64_t cols) {
  using A = accumulate_t<T>;
  with_activation(f, [&]<UnaryKind k>() {
    for_rows(rows, cols, [=](int64_t at) {
      store_each<A>(cols, dz + at, [=](int64_t c) { return A(dy[at + c]) * activation_derivative<k, FastMath, A>(A(x[at + c]) + A(bias[c])); });
    });
  });
}

}  // namespace

ITO_REGISTER_KERNEL(BiasActivation, Device::cpu, "reference", forward_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(BiasActivation, Device::cpu, "rows", forward_rows, float, double, bfloat16);
ITO_REGISTER_KERNEL(BiasActivationBackward, Device::cpu, "reference", backward_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(BiasActivationBackward, Device::cpu, "rows", backward_rows, float, double, bfloat16);

}  // namespace ito::kernels
