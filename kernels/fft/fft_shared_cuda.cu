// The fast Fourier transform in shared memory.
//
// 2. shared   n log n. Lengths of factors 2, 3, 5 and 7 up to 4,096 are read once, transformed in shared memory (stockham.h) and written once; short
//             lines share a block. Longer ones are split into R lines of a length that fits by sums over R terms. Other lengths are convolutions
//             (Bluestein 1970), as a prime above 7 is quadratic by itself: with w = exp(-+ pi i / n) and jk = (j^2 + k^2 - (k-j)^2) / 2,
//               y[k] = w^(k^2) sum_j (x[j] w^(j^2)) w^(-(k-j)^2)
//             in one kernel up to n = 2,048. Roots are worked out where they are needed, right to the last bit, which is cheaper than their
//             traffic. Limited by shared memory: every stage of radix 4 writes and reads the line, the first with fourfold bank conflicts.
#include <bit>

#include "kernels/fft/last_axis.h"
#include "kernels/fft/stockham.h"
#include "tensor/memory.h"

namespace ito::kernels {

namespace {

// Number i of a tensor of pairs; a view of a tensor may start between the halves of a pack.
template <class T>
__device__ __forceinline__ Complex<T> load_pair(const T* x, int64_t i, bool aligned) {
  return aligned ? *reinterpret_cast<const Complex<T>*>(x + 2 * i) : Complex<T>{x[2 * i], x[2 * i + 1]};
}
template <class T>
__device__ __forceinline__ void store_pair(T* y, int64_t i, Complex<T> value, bool aligned) {
  if (aligned) {
    *reinterpret_cast<Complex<T>*>(y + 2 * i) = value;
  } else {
    y[2 * i] = value.re;
    y[2 * i + 1] = value.im;
  }
}

// exp(-+ pi i j^2 / n)
template <class T>
__device__ __forceinline__ Complex<T> chirp(int64_t j, int64_t n, bool inverse) {
  return root_of_unity(T(j * j % (2 * n)), T(2 * n), inverse);
}

// Lines that are a block's.
struct Lines {
  int64_t first;
  int count;
  __device__ Lines(int64_t lines, int per_block) : first(int64_t(blockIdx.x) * per_block), count(int(std::min<int64_t>(per_block, lines - first))) {}
};

// With split = R, lines b R ... b R + R-1 are the R parts of one line of n R numbers, which are written in turn.
// occupancy: >= 37 %, 32768 bytes of dynamic shared memory
template <class T>
__global__ void __launch_bounds__(fft_threads) fft_shared(const T* __restrict__ x, T* __restrict__ y, int64_t lines, int n, int per_block,
                                                          uint64_t radices, bool inverse, T scale, int64_t split, bool aligned) {
  const Lines own(lines, per_block);
  Complex<T>*line = dynamic_shared<Complex<T>>(), *other = line + per_block * n;
  for (int i = int(threadIdx.x); i < own.count * n; i += fft_threads) line[i] = load_pair(x, own.first * n + i, aligned);
  const Complex<T>* result = stockham(line, other, n, own.count, radices, inverse);
  for (int i = int(threadIdx.x); i < own.count * n; i += fft_threads) {
    const int64_t at = own.first + i / n, k = i % n;
    store_pair(y, at / split * n * split + k * split + at % split, scale * result[i], aligned);
  }
}

// z[b, r, j] = sum_q x[b, j + q n / R] exp(-+ 2 pi i r (j + q n / R) / n): the transform of part r, over j, is every R-th number of x's, from r on.
// occupancy: >= 50 %
template <class T>
__global__ void __launch_bounds__(fft_threads)
    fft_split(const T* __restrict__ x, T* __restrict__ z, int64_t n, int64_t split, bool inverse, int64_t count, bool aligned) {
  const int64_t i = global_thread();
  if (i >= count) return;
  const int64_t part = n / split, j = i % part, r = i / part % split, b = i / n;
  Complex<T> sum{0, 0};
  for (int64_t q = 0; q < split; ++q)
    sum = sum + load_pair(x, b * n + j + q * part, aligned) * root_of_unity(T(r * (j + q * part) % n), T(n), inverse);
  store_pair(z, i, sum, true);
}

// The filter of Bluestein's convolution in a circle of `length`: w^(-j^2) for -n < j < n.
// occupancy: >= 50 %
template <class T>
__global__ void __launch_bounds__(fft_threads) fft_filter(T* __restrict__ filter, int64_t n, int64_t length, bool inverse) {
  const int64_t i = global_thread();
  if (i >= length) return;
  const int64_t j = std::min(i, length - i);
  store_pair(filter, i, j < n ? conjugate(chirp<T>(j, n, inverse)) : Complex<T>{0, 0}, true);
}

// Bluestein's convolution of a block's lines; `spectrum` is the transformed filter.
// occupancy: >= 37 %, 32768 bytes of dynamic shared memory
template <class T>
__global__ void __launch_bounds__(fft_threads)
    fft_bluestein(const T* __restrict__ x, T* __restrict__ y, const T* __restrict__ spectrum, int64_t lines, int n, int length, int per_block,
                  uint64_t radices, bool inverse, T scale, bool aligned) {
  const Lines own(lines, per_block);
  Complex<T>*line = dynamic_shared<Complex<T>>(), *other = line + per_block * length;
  for (int i = int(threadIdx.x); i < own.count * length; i += fft_threads) {
    const int j = i % length;
    line[i] = j < n ? load_pair(x, (own.first + i / length) * n + j, aligned) * chirp<T>(j, n, inverse) : Complex<T>{0, 0};
  }
  Complex<T>* product = stockham(line, other, length, own.count, radices, false);
  for (int i = int(threadIdx.x); i < own.count * length; i += fft_threads) product[i] = product[i] * load_pair(spectrum, i % length, true);
  const Complex<T>* result = stockham(product, product == line ? other : line, length, own.count, radices, true);
  for (int i = int(threadIdx.x); i < own.count * n; i += fft_threads) {
    const int k = i % n;
    store_pair(y, own.first * n + i, scale * (result[i / n * length + k] * chirp<T>(k, n, inverse)), aligned);
  }
}

// The same in steps, for lines that do not fit: x w^(j^2) with zeros behind, the product of the spectra, y[k] = scale w^(k^2) (...).
// occupancy: >= 50 %
template <class T>
__global__ void __launch_bounds__(fft_threads)
    fft_pad(const T* __restrict__ x, T* __restrict__ padded, int64_t n, int64_t length, bool inverse, int64_t count, bool aligned) {
  const int64_t i = global_thread();
  if (i >= count) return;
  const int64_t j = i % length;
  store_pair(padded, i, j < n ? load_pair(x, i / length * n + j, aligned) * chirp<T>(j, n, inverse) : Complex<T>{0, 0}, true);
}
// occupancy: >= 50 %
template <class T>
__global__ void __launch_bounds__(fft_threads) fft_multiply(T* __restrict__ x, const T* __restrict__ spectrum, int64_t length, int64_t count) {
  const int64_t i = global_thread();
  if (i < count) store_pair(x, i, load_pair(x, i, true) * load_pair(spectrum, i % length, true), true);
}
// occupancy: >= 50 %
template <class T>
__global__ void __launch_bounds__(fft_threads)
    fft_unpad(const T* __restrict__ padded, T* __restrict__ y, int64_t n, int64_t length, bool inverse, T scale, int64_t count, bool aligned) {
  const int64_t i = global_thread();
  if (i >= count) return;
  const int64_t k = i % n;
  store_pair(y, i, scale * (load_pair(padded, i / n * length + k, true) * chirp<T>(k, n, inverse)), aligned);
}

// ---- the host's part

template <class T>
struct Pairs {  // scratch for complex numbers
  Storage memory;
  explicit Pairs(int64_t count) : memory(size_t(count) * 2 * sizeof(T), Device::cuda) {}
  T* data() const { return reinterpret_cast<T*>(memory.data()); }
};

unsigned blocks_of(int64_t n, int64_t per_block) { return unsigned((n + per_block - 1) / per_block); }
int lines_of_block(int64_t length) { return int(std::max<int64_t>(1, 1024 / length)); }

template <class T>
bool pairs_aligned(const T* x, const T* y) {
  return aligned_to(x, 2 * sizeof(T)) && aligned_to(y, 2 * sizeof(T));
}

template <class T>
void transform_in_shared(const T* x, T* y, int64_t lines, int64_t n, int64_t split, bool inverse, double scale) {
  const int per_block = lines_of_block(n);
  const size_t bytes = size_t(per_block * n) * 4 * sizeof(T);
  allow_shared_bytes(&fft_shared<T>, bytes);
  launch(&fft_shared<T>, {blocks_of(lines, per_block), fft_threads, bytes}, x, y, lines, int(n), per_block, FftRadices(n).bits, inverse, T(scale),
         split, pairs_aligned(x, y));
}

// Lengths without a prime factor above 7.
template <class T>
void transform_smooth(const T* x, T* y, int64_t lines, int64_t n, bool inverse, double scale) {
  if (n <= longest_in_shared) return transform_in_shared(x, y, lines, n, 1, inverse, scale);
  int64_t split = (n + longest_in_shared - 1) / longest_in_shared;
  while (n % split != 0 || n / split > longest_in_shared) ++split;
  const Pairs<T> parts(lines * n);
  launch(&fft_split<T>, {blocks_of(lines * n, fft_threads), fft_threads}, x, parts.data(), n, split, inverse, lines * n, pairs_aligned(x, x));
  transform_in_shared<T>(parts.data(), y, lines * split, n / split, split, inverse, scale);
}

template <class T>
void transform_bluestein(const T* x, T* y, int64_t lines, int64_t n, bool inverse, double scale) {
  const auto length = int64_t(std::bit_ceil(uint64_t(2 * n - 1)));
  const bool aligned = pairs_aligned(x, y);
  const Pairs<T> filter(length), spectrum(length);
  launch(&fft_filter<T>, {blocks_of(length, fft_threads), fft_threads}, filter.data(), n, length, inverse);
  transform_smooth<T>(filter.data(), spectrum.data(), 1, length, false, 1 / double(length));
  if (length <= longest_in_shared) {
    const int per_block = lines_of_block(length);
    const size_t bytes = size_t(per_block * length) * 4 * sizeof(T);
    allow_shared_bytes(&fft_bluestein<T>, bytes);
    launch(&fft_bluestein<T>, {blocks_of(lines, per_block), fft_threads, bytes}, x, y, spectrum.data(), lines, int(n), int(length), per_block,
           FftRadices(length).bits, inverse, T(scale), aligned);
    return;
  }
  const Pairs<T> padded(lines * length), product(lines * length);
  const unsigned blocks = blocks_of(lines * length, fft_threads);
  launch(&fft_pad<T>, {blocks, fft_threads}, x, padded.data(), n, length, inverse, lines * length, aligned);
  transform_smooth<T>(padded.data(), product.data(), lines, length, false, 1);
  launch(&fft_multiply<T>, {blocks, fft_threads}, product.data(), spectrum.data(), length, lines * length);
  transform_smooth<T>(product.data(), padded.data(), lines, length, true, 1);
  launch(&fft_unpad<T>, {blocks_of(lines * n, fft_threads), fft_threads}, padded.data(), y, n, length, inverse, T(scale), lines * n, aligned);
}

template <class T>
void transform_lines(const T* x, T* y, int64_t lines, int64_t n, bool inverse) {
  const double scale = 1 / std::sqrt(double(n));
  if (FftRadices(n).rest == 1) return transform_smooth(x, y, lines, n, inverse, scale);
  transform_bluestein(x, y, lines, n, inverse, scale);
}

template <class T>
void fft_in_shared(const T* x, T* y, int64_t outer, int64_t n, int64_t inner, bool inverse) {
  fft_by_last_axis(&transform_lines<T>, x, y, outer, n, inner, inverse);
}

}  // namespace

ITO_REGISTER_KERNEL(Fft, Device::cuda, "shared", fft_in_shared, float, double);

}  // namespace ito::kernels
