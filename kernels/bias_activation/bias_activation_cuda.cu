// y = f(x + bias) and its derivative.
//
// 1. naive    a thread an element; the column of its bias is a remainder, some 20 instructions.
// 2. packs    16 bytes a thread and load: the remainder is taken once a pack, and a row's biases are packs, too. For columns that packs divide.
//             Limited by memory.
#include "kernels/bias_activation/bias_activation.h"
#include "kernels/cuda/cuda.h"

namespace ito::kernels {

namespace {

constexpr int threads = 256;

template <UnaryKind f, class T>
struct Forward {
  using A = accumulate_t<T>;
  __device__ T operator()(T x, T bias) const { return T(unary_value<f, DeviceMath, A>(A(x) + A(bias))); }
};

template <UnaryKind f, class T>
struct Backward {
  using A = accumulate_t<T>;
  __device__ T operator()(T x, T bias, T dy) const { return T(A(dy) * activation_derivative<f, DeviceMath, A>(A(x) + A(bias))); }
};

// dy... is empty for the forward pass.
template <class F, class T, class... Dy>
__global__ void __launch_bounds__(threads) one_element(F f, int64_t n, int64_t cols, T* out, const T* x, const T* bias, const Dy*... dy) {
  const int64_t i = global_thread();
  if (i < n) out[i] = f(x[i], bias[i % cols], dy[i]...);
}

template <class F, class T, class... Dy>
__global__ void __launch_bounds__(threads) one_pack(F f, int64_t packs, int64_t packs_of_row, T* out, const T* x, const T* bias, const Dy*... dy) {
  constexpr int lanes = 16 / int(sizeof(T));
  const auto apply = [&](int64_t at, const Pack<T, lanes>& in, const Pack<T, lanes>& b, const Pack<Dy, lanes>&... d) {
    Pack<T, lanes> result;
#pragma unroll
    for (int l = 0; l < lanes; ++l) result.element[l] = f(in.element[l], b.element[l], d.element[l]...);
    store_pack<T, lanes>(out + at, result);
  };
  for (int64_t p = global_thread(); p < packs; p += global_threads())
    apply(p * lanes, load_pack<T, lanes>(x + p * lanes), load_pack<T, lanes>(bias + p % packs_of_row * lanes),
          load_pack<Dy, lanes>(dy + p * lanes)...);
}

template <class F, class T, class... Dy>
void run_naive(F f, int64_t rows, int64_t cols, T* out, const T* x, const T* bias, const Dy*... dy) {
  const int64_t n = rows * cols;
  if (n == 0) return;
  launch(&one_element<F, T, Dy...>, {unsigned((n + threads - 1) / threads), threads}, f, n, cols, out, x, bias, dy...);
}

template <class F, class T, class... Dy>
void run_packs(F f, int64_t rows, int64_t cols, T* out, const T* x, const T* bias, const Dy*... dy) {
  constexpr int64_t lanes = 16 / sizeof(T);
  const bool aligned = cols % lanes == 0 && aligned_to(out, 16) && aligned_to(x, 16) && aligned_to(bias, 16) && (aligned_to(dy, 16) && ...);
  if (!aligned || rows * cols == 0) return run_naive(f, rows, cols, out, x, bias, dy...);
  const int64_t packs = rows * cols / lanes;
  launch(&one_pack<F, T, Dy...>, {blocks_for(packs, threads), threads}, f, packs, cols / lanes, out, x, bias, dy...);
}

template <class T>
void forward_naive(UnaryKind f, const T* x, const T* bias, T* y, int64_t rows, int64_t cols) {
  with_activation(f, [&]<UnaryKind k>() { run_naive(Forward<k, T>{}, rows, cols, y, x, bias); });
}
template <class T>
void forward_packs(UnaryKind f, const T* x, const T* bias, T* y, int64_t rows, int64_t cols) {
  with_activation(f, [&]<UnaryKind k>() { run_packs(Forward<k, T>{}, rows, cols, y, x, bias); });
}
template <class T>
void backward_naive(UnaryKind f, const T* x, const T* bias, const T* dy, T* dz, int64_t rows, int64_t cols) {
  with_activation(f, [&]<UnaryKind k>() { run_naive(Backward<k, T>{}, rows, cols, dz, x, bias, dy); });
}
template <class T>
void backward_packs(UnaryKind f, const T* x, const T* bias, const T* dy, T* dz, int64_t rows, int64_t cols) {
  with_activation(f, [&]<UnaryKind k>() { run_packs(Backward<k, T>{}, rows, cols, dz, x, bias, dy); });
}

}  // namespace

ITO_REGISTER_KERNEL(BiasActivation, Device::cuda, "naive", forward_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(BiasActivation, Device::cuda, "packs", forward_packs, float, double, bfloat16);
ITO_REGISTER_KERNEL(BiasActivationBackward, Device::cuda, "naive", backward_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(BiasActivationBackward, Device::cuda, "packs", backward_packs, float, double, bfloat16);

}  // namespace ito::kernels
