// The discrete Fourier transform by its formula; fft_shared_cuda.cu has the next rung.
//
// 1. naive    a thread an output: n terms with a sine and a cosine each, n^2 for a line.
#include "kernels/fft/complex.h"
#include "kernels/fft/fft.h"

namespace ito::kernels {

namespace {

constexpr int threads = 128;

// Pairs are read as two numbers: a view of a tensor may start between them.
template <class T>
__global__ void __launch_bounds__(threads) fft_one(const T* x, T* y, int64_t n, int64_t inner, bool inverse, T scale, int64_t outputs) {
  const int64_t i = global_thread();
  if (i >= outputs) return;
  const int64_t k = i / inner % n;
  const T* line = x + 2 * (i - k * inner);
  Complex<T> sum{0, 0};
  for (int64_t j = 0, turns = 0; j < n; ++j) {  // turns = j k mod n
    sum = sum + Complex<T>{line[2 * j * inner], line[2 * j * inner + 1]} * root_of_unity(T(turns), T(n), inverse);
    turns += k;
    if (turns >= n) turns -= n;
  }
  y[2 * i] = scale * sum.re;
  y[2 * i + 1] = scale * sum.im;
}

template <class T>
void fft_naive(const T* x, T* y, int64_t outer, int64_t n, int64_t inner, bool inverse) {
  const int64_t outputs = outer * n * inner;
  if (outputs == 0) return;
  launch(&fft_one<T>, {unsigned((outputs + threads - 1) / threads), threads}, x, y, n, inner, inverse, T(1 / std::sqrt(double(n))), outputs);
}

}  // namespace

ITO_REGISTER_KERNEL(Fft, Device::cuda, "naive", fft_naive, float, double);

}  // namespace ito::kernels
