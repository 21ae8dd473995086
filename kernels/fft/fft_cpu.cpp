#include "kernels/fft/fft.h"

#include <bit>
#include <complex>
#include <numbers>
#include <vector>

#include "kernels/parallel.h"

namespace ito::kernels {

namespace {

// exp(-+ 2 pi i j / n); j is reduced first, so that the argument keeps its digits.
std::complex<double> root(int64_t j, int64_t n, bool inverse) {
  const double angle = 2 * std::numbers::pi * double(j % n) / double(n);
  return {std::cos(angle), inverse ? std::sin(angle) : -std::sin(angle)};
}

template <class T>
void fft_reference(const T* x, T* y, int64_t batch, int64_t n, bool inverse) {
  for (int64_t b = 0; b < batch; ++b, x += 2 * n, y += 2 * n)
    for (int64_t k = 0; k < n; ++k) {
      std::complex<double> sum = 0;
      for (int64_t j = 0; j < n; ++j) sum += std::complex<double>(double(x[2 * j]), double(x[2 * j + 1])) * root(j * k, n, inverse);
      sum /= std::sqrt(double(n));
      y[2 * k] = T(sum.real());
      y[2 * k + 1] = T(sum.imag());
    }
}

template <class T>
using Line = std::vector<std::complex<T>>;

template <class T>
std::complex<T> times(std::complex<T> a, std::complex<T> b) {  // std:: checks for NaN in every product
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

// Powers of two: Stockham's ordering, which needs no bit reversal. Unscaled.
template <class T>
class PowerOfTwo {
 public:
  PowerOfTwo(int64_t n, bool inverse) : n_(n), roots_(size_t(n)), other_(size_t(n)) {
    for (int64_t j = 0; j < n; ++j) roots_[size_t(j)] = std::complex<T>(root(j, n, inverse));
  }

  void run(Line<T>& line) {
    for (int64_t half = n_ / 2, blocks = 1; half >= 1; half /= 2, blocks *= 2) {
      for (int64_t j = 0; j < half; ++j) {
        const std::complex<T> w = roots_[size_t(j * blocks)];
        for (int64_t b = 0; b < blocks; ++b) {
          const std::complex<T> u = line[size_t(j * blocks + b)], v = line[size_t((j + half) * blocks + b)];
          other_[size_t(2 * j * blocks + b)] = u + v;
          other_[size_t((2 * j + 1) * blocks + b)] = times(u - v, w);
        }
      }
      line.swap(other_);
    }
  }

 private:
  int64_t n_;
  Line<T> roots_, other_;
};

// Other lengths, as a convolution of a power-of-two length (Bluestein 1970): with w = exp(-+ pi i / n) and jk = (j^2 + k^2 - (k-j)^2) / 2,
//   y[k] = w^(k^2) sum_j (x[j] w^(j^2)) w^(-(k-j)^2)
template <class T>
class AnyLength {
 public:
  AnyLength(int64_t n, bool inverse)
      : n_(n),
        length_(int64_t(std::bit_ceil(uint64_t(2 * n - 1)))),
        forward_(length_, false),
        back_(length_, true),
        chirp_(size_t(n)),
        filter_(size_t(length_)) {
    for (int64_t j = 0; j < n; ++j) {
      chirp_[size_t(j)] = std::complex<T>(root(j * j % (2 * n), 2 * n, inverse));
      filter_[size_t(j)] = filter_[size_t((length_ - j) % length_)] = std::conj(chirp_[size_t(j)]);
    }
    forward_.run(filter_);
  }

  void run(Line<T>& line) {
    Line<T> padded(static_cast<size_t>(length_));
    for (int64_t j = 0; j < n_; ++j) padded[size_t(j)] = times(line[size_t(j)], chirp_[size_t(j)]);
    forward_.run(padded);
    for (int64_t j = 0; j < length_; ++j) padded[size_t(j)] = times(padded[size_t(j)], filter_[size_t(j)]);
    back_.run(padded);
    for (int64_t k = 0; k < n_; ++k) line[size_t(k)] = times(padded[size_t(k)], chirp_[size_t(k)]) / T(length_);
  }

 private:
  int64_t n_, length_;
  PowerOfTwo<T> forward_, back_;
  Line<T> chirp_, filter_;
};

// float lines are worked on in double where Bluestein's three transforms would add up their errors.
template <class A, class Plan, class T>
void transform_lines(const T* x, T* y, int64_t batch, int64_t n, bool inverse) {
  parallel_for(batch, std::max<int64_t>(1, 4096 / n), [=](int64_t first, int64_t last) {
    Plan plan(n, inverse);
    Line<A> line(static_cast<size_t>(n));
    const A scale = A(1 / std::sqrt(double(n)));
    for (int64_t b = first; b < last; ++b) {
      for (int64_t j = 0; j < n; ++j) line[size_t(j)] = {A(x[2 * (b * n + j)]), A(x[2 * (b * n + j) + 1])};
      plan.run(line);
      for (int64_t k = 0; k < n; ++k) {
        y[2 * (b * n + k)] = T(line[size_t(k)].real() * scale);
        y[2 * (b * n + k) + 1] = T(line[size_t(k)].imag() * scale);
      }
    }
  });
}

template <class T>
void fft_fast(const T* x, T* y, int64_t batch, int64_t n, bool inverse) {
  if (n == 0) return;
  if (std::has_single_bit(uint64_t(n)))
    transform_lines<T, PowerOfTwo<T>>(x, y, batch, n, inverse);
  else
    transform_lines<double, AnyLength<double>>(x, y, batch, n, inverse);
}

}  // namespace

ITO_REGISTER_KERNEL(Fft, Device::cpu, "reference", fft_reference, float, double);
ITO_REGISTER_KERNEL(Fft, Device::cpu, "fast", fft_fast, float, double);

}  // namespace ito::kernels
