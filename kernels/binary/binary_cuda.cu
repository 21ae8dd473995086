// Functions of two tensors, broadcast.
//
// 1. naive    a thread an element takes its index apart into one coordinate an axis: a division an axis.
// 2. rows     the last axis is a loop over neighbouring threads, and the division is done once a row; without repetition, or with one operand that
//             is a single element, the buffers are dense and go through packs of 16 bytes (kernels/cuda/elementwise.h). Limited by memory.
#include "kernels/binary/binary.h"
#include "kernels/cuda/elementwise.h"

namespace ito::kernels {

namespace {

// IEEE 754-2019's maximum and minimum: a NaN in either operand gives NaN.
template <class A>
__device__ A larger(A a, A b) {
  return a > b || a != a ? a : b;
}
template <class A>
__device__ A smaller(A a, A b) {
  return a < b || a != a ? a : b;
}

template <BinaryKind kind, class T>
struct Function {
  using A = accumulate_t<T>;
  __device__ T operator()(T x, T y) const {
    const A a = A(x), b = A(y);
    if constexpr (kind == BinaryKind::add) return T(a + b);
    if constexpr (kind == BinaryKind::sub) return T(a - b);
    if constexpr (kind == BinaryKind::mul) return T(a * b);
    if constexpr (kind == BinaryKind::div) return T(a / b);
    if constexpr (kind == BinaryKind::pow) return T(std::pow(a, b));
    if constexpr (kind == BinaryKind::maximum) return T(larger(a, b));
    if constexpr (kind == BinaryKind::minimum) return T(smaller(a, b));
    if constexpr (kind == BinaryKind::left) return x;
    if constexpr (kind == BinaryKind::is_equal) return T(A(a == b ? 1 : 0));
    if constexpr (kind == BinaryKind::is_greater) return T(A(a > b ? 1 : 0));
  }
};

template <class T>
struct Functions {
  template <BinaryKind kind>
  using Of = Function<kind, T>;
};
template <class T>
using AnyFunction = Chosen<Functions<T>, BinaryKind, int(BinaryKind::is_greater) + 1>;

template <class T, int first = 0, class F>
void with_function(BinaryKind kind, F&& f) {
  if constexpr (first <= int(BinaryKind::is_greater)) {
    if (int(kind) == first) return f(Function<BinaryKind(first), T>{});
    with_function<T, first + 1>(kind, f);
  }
}

// Where row `row` of all axes but the last begins in the operands.
struct Offsets {
  int64_t a = 0, b = 0;
  __device__ Offsets(const Broadcast& space, int64_t row, int axes) {
    for (int axis = axes - 1; axis >= 0; --axis) {
      const int64_t coordinate = row % space.extent[axis];
      row /= space.extent[axis];
      a += coordinate * space.stride_a[axis];
      b += coordinate * space.stride_b[axis];
    }
  }
};

constexpr int threads = 256;

template <class T>
__global__ void __launch_bounds__(threads) binary_elements(AnyFunction<T> f, const T* a, const T* b, T* y, Broadcast space, int64_t n) {
  const int64_t i = global_thread();
  if (i >= n) return;
  const Offsets at(space, i, space.rank);
  y[i] = f(a[at.a], b[at.b]);
}

// Block: (threads along the row, rows). A row may be cut into several parts, blockIdx.y.
// occupancy: >= 50 %
template <class F, class T>
__global__ void __launch_bounds__(threads) binary_rows_of(F f, const T* a, const T* b, T* y, Broadcast space, int64_t rows) {
  const int last = space.rank - 1;
  const int64_t cols = space.extent[last], sa = space.stride_a[last], sb = space.stride_b[last];
  for (int64_t r = int64_t(blockIdx.x) * blockDim.y + threadIdx.y; r < rows; r += int64_t(gridDim.x) * blockDim.y) {
    const Offsets at(space, r, last);
#pragma unroll 2  // nvcc would take four, and spill
    for (int64_t c = int64_t(blockIdx.y) * blockDim.x + threadIdx.x; c < cols; c += int64_t(gridDim.y) * blockDim.x)
      y[r * cols + c] = f(a[at.a + c * sa], b[at.b + c * sb]);
  }
}

// One operand is a single element of the device's memory.
template <class F, class T, bool first>
struct WithScalar {
  F f;
  const T* scalar;
  __device__ T operator()(T x) const { return first ? f(*scalar, x) : f(x, *scalar); }
};

template <class T>
void binary_naive(BinaryKind kind, const T* a, const T* b, T* y, const Broadcast& space) {
  const int64_t n = space.numel();
  if (n == 0) return;
  launch(&binary_elements<T>, {unsigned((n + threads - 1) / threads), threads}, AnyFunction<T>{kind}, a, b, y, space, n);
}

template <class T>
void binary_rows(BinaryKind kind, const T* a, const T* b, T* y, const Broadcast& space) {
  const int64_t n = space.numel(), cols = space.extent[space.rank - 1];
  if (n == 0) return;
  const int64_t rows = n / cols, sa = space.stride_a[space.rank - 1], sb = space.stride_b[space.rank - 1];
  with_function<T>(kind, [&](auto f) {
    using F = decltype(f);
    if (space.rank == 1 && sa == 1 && sb == 1) return elementwise_vector(f, n, y, a, b);
    if (space.rank == 1 && sa == 1 && sb == 0) return elementwise_vector(WithScalar<F, T, false>{f, b}, n, y, a);
    if (space.rank == 1 && sa == 0 && sb == 1) return elementwise_vector(WithScalar<F, T, true>{f, a}, n, y, b);
    const unsigned x = cols >= threads ? threads : cols > 64 ? 128 : cols > 16 ? 32 : 8, parts = unsigned(std::min<int64_t>((cols + x - 1) / x, 64));
    launch(&binary_rows_of<F, T>, {{blocks_for(rows, int(threads / x)), parts}, {x, threads / x}}, f, a, b, y, space, rows);
  });
}

}  // namespace

ITO_REGISTER_KERNEL(Binary, Device::cuda, "naive", binary_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(Binary, Device::cuda, "rows", binary_rows, float, double, bfloat16);

}  // namespace ito::kernels
