// The discrete Fourier transform on the CPU: by its definition, and fast.
//
// fast   some lines at a time, taken apart into real and imaginary parts and transformed together (panel.h). Lengths with a prime factor above 7 are
//        convolutions of a power-of-two length M (Bluestein 1970): with w = exp(-pi i / n) and jk = (j^2 + k^2 - (k-j)^2) / 2,
//          y[k] = w^(k^2) sum_j (x[j] w^(j^2)) w^(-(k-j)^2)
//        in double, where the three transforms would add up their errors in float. What depends on n alone is worked out once and kept.
#include "kernels/fft/fft.h"

#include <bit>
#include <map>
#include <memory>
#include <mutex>

#include "kernels/fft/panel.h"
#include "kernels/parallel.h"
#include "kernels/scratch.h"
#include "kernels/vector.h"

namespace ito::kernels {

namespace {

template <class T>
void fft_reference(const T* x, T* y, int64_t outer, int64_t n, int64_t inner, bool inverse) {
  for (int64_t line = 0; line < outer * inner; ++line) {
    const int64_t start = line / inner * n * inner + line % inner;
    for (int64_t k = 0; k < n; ++k) {
      std::complex<double> sum = 0;
      for (int64_t j = 0; j < n; ++j) {
        const int64_t at = 2 * (start + j * inner);
        const std::complex<double> root = root_of_unity(j * k, n);
        sum += std::complex<double>(double(x[at]), double(x[at + 1])) * (inverse ? std::conj(root) : root);
      }
      sum /= std::sqrt(double(n));
      y[2 * (start + k * inner)] = T(sum.real());
      y[2 * (start + k * inner) + 1] = T(sum.imag());
    }
  }
}

class Bluestein {
 public:
  explicit Bluestein(int64_t n)
      : n_(n), convolution_(int64_t(std::bit_ceil(uint64_t(2 * n - 1)))), chirp_(size_t(2 * n)), filter_(size_t(4 * length())) {
    const int64_t m = length();
    for (int64_t j = 0; j < n; ++j) {
      const std::complex<double> root = root_of_unity(j * j % (2 * n), 2 * n);
      chirp_[size_t(2 * j)] = root.real();
      chirp_[size_t(2 * j + 1)] = root.imag();
      for (const int64_t at : {j, (m - j) % m}) {
        filter_[size_t(at)] = root.real() / double(m);
        filter_[size_t(m + at)] = -root.imag() / double(m);
      }
    }
    double* const f = filter_.data();
    spectrum_ = convolution_.run({f, f + m}, {f + 2 * m, f + 3 * m}, 1);
  }
  Bluestein(const Bluestein&) = delete;
  Bluestein& operator=(const Bluestein&) = delete;

  int64_t length() const { return convolution_.length(); }

  Panel<double> run(Panel<double> line, Panel<double> other, int64_t lines) const {
    for (int64_t j = 0; j < n_; ++j) multiply(line, j, lines, chirp_[size_t(2 * j)], chirp_[size_t(2 * j + 1)]);
    std::fill_n(line.re + n_ * lines, (length() - n_) * lines, 0.0);
    std::fill_n(line.im + n_ * lines, (length() - n_) * lines, 0.0);
    const Panel<double> there = convolution_.run(line, other, lines);
    for (int64_t j = 0; j < length(); ++j) multiply(there, j, lines, spectrum_.re[j], spectrum_.im[j]);
    const Panel<double> free = there.re == line.re ? other : line;
    const Panel<double> back = convolution_.run(there.exchanged(), free.exchanged(), lines).exchanged();
    for (int64_t k = 0; k < n_; ++k) multiply(back, k, lines, chirp_[size_t(2 * k)], chirp_[size_t(2 * k + 1)]);
    return back;
  }

 private:
  // Number k of all lines, times c + i d.
  static void multiply(Panel<double> line, int64_t k, int64_t lines, double c, double d) {
    double *re = line.re + k * lines, *im = line.im + k * lines;
#pragma omp simd
    for (int64_t l = 0; l < lines; ++l) {
      const double a = re[l], b = im[l];
      re[l] = a * c - b * d;
      im[l] = a * d + b * c;
    }
  }

  int64_t n_;
  PanelTransform<double> convolution_;
  std::vector<double> chirp_, filter_;
  Panel<double> spectrum_;  // of the filter, over M: one of the two halves of filter_
};

// The last lengths' plans are kept.
template <class Plan>
std::shared_ptr<const Plan> plan_for(int64_t n) {
  static std::mutex mutex;
  static std::map<int64_t, std::shared_ptr<const Plan>> plans;
  constexpr size_t kept = 16;
  const std::lock_guard lock(mutex);
  if (const auto found = plans.find(n); found != plans.end()) return found->second;
  if (plans.size() == kept) plans.clear();
  return plans[n] = std::make_shared<const Plan>(n);
}

// Number k of line l is at 2 (k step + l).
template <class A, class T>
void read(const T* x, int64_t step, int64_t n, int64_t lines, Panel<A> panel) {
  for (int64_t k = 0; k < n; ++k)
#pragma omp simd
    for (int64_t l = 0; l < lines; ++l) {
      panel.re[k * lines + l] = A(x[2 * (k * step + l)]);
      panel.im[k * lines + l] = A(x[2 * (k * step + l) + 1]);
    }
}

template <class A, class T>
void write(Panel<A> panel, A scale, T* y, int64_t step, int64_t n, int64_t lines) {
  for (int64_t k = 0; k < n; ++k)
#pragma omp simd
    for (int64_t l = 0; l < lines; ++l) {
      y[2 * (k * step + l)] = T(scale * panel.re[k * lines + l]);
      y[2 * (k * step + l) + 1] = T(scale * panel.im[k * lines + l]);
    }
}

// Lines that lie one after the other, number k of line l at 2 (l n + k), are the rows of a matrix whose columns are real and imaginary parts in turn.
// It is turned over in registers: square(c, l) for each square from its column c and line l on, number(k, l) for each number that is left.
template <class A, class T, class Square, class Number>
void for_squares(int64_t n, int64_t lines, Square&& square, Number&& number) {
  int64_t columns = 0, whole = 0;
  if constexpr (std::is_same_v<A, T>) {
    constexpr int64_t lanes = VectorTypes<T>::lanes;
    columns = 2 * n / lanes * lanes, whole = lines / lanes * lanes;
    for (int64_t c = 0; c < columns; c += lanes)
      for (int64_t l = 0; l < whole; l += lanes) square(c, l);
  }
  for (int64_t k = 0; k < n; ++k)
    for (int64_t l = 2 * k < columns ? whole : 0; l < lines; ++l) number(k, l);
}

template <class A, class T>
void read_lines(const T* x, int64_t n, int64_t lines, Panel<A> panel) {
  constexpr int lanes = VectorTypes<T>::lanes;
  for_squares<A, T>(
      n, lines,
      [=](auto c, auto l) {
        Vector<T> square[lanes];
        for (int i = 0; i < lanes; ++i) square[i] = load_vector<T>(x + 2 * (l + i) * n + c);
        transpose_vectors<T>(square);
        for (int i = 0; i < lanes; ++i) store_vector<T>(square[i], (i % 2 ? panel.im : panel.re) + (c + i) / 2 * lines + l);
      },
      [=](int64_t k, int64_t l) {
        panel.re[k * lines + l] = A(x[2 * (l * n + k)]);
        panel.im[k * lines + l] = A(x[2 * (l * n + k) + 1]);
      });
}

template <class A, class T>
void write_lines(Panel<A> panel, A scale, T* y, int64_t n, int64_t lines) {
  constexpr int lanes = VectorTypes<T>::lanes;
  for_squares<A, T>(
      n, lines,
      [=](auto c, auto l) {
        Vector<T> square[lanes];
        for (int i = 0; i < lanes; ++i) square[i] = T(scale) * load_vector<T>((i % 2 ? panel.im : panel.re) + (c + i) / 2 * lines + l);
        transpose_vectors<T>(square);
        for (int i = 0; i < lanes; ++i) store_vector<T>(square[i], y + 2 * (l + i) * n + c);
      },
      [=](int64_t k, int64_t l) {
        y[2 * (l * n + k)] = T(scale * panel.re[k * lines + l]);
        y[2 * (l * n + k) + 1] = T(scale * panel.im[k * lines + l]);
      });
}

template <class A, class Plan, class T>
void transform(const T* x, T* y, int64_t outer, int64_t n, int64_t inner, bool inverse) {
  const std::shared_ptr<const Plan> plan = plan_for<Plan>(n);
  const int64_t length = plan->length(),
                fewest = std::clamp<int64_t>((1 << 14) / length, 1, 16),  // long lines: fewer, so that the second cache has them
      wanted = std::clamp<int64_t>((1 << 10) / length, fewest, 64);       // short ones: more, as long as the first cache has them
  const int64_t row = inner == 1 ? outer : inner, panels_of_row = ceil_div(row, wanted), panels = panels_of_row * (inner == 1 ? 1 : outer);
  const A scale = A(1 / std::sqrt(double(n)));
  parallel_for(panels, std::max<int64_t>(1, 8192 / (length * wanted)), [=, &plan](int64_t first, int64_t last) {
    const int64_t size = length * wanted;
    const Scratch<A, Device::cpu> scratch(4 * size);
    A* const numbers = scratch.data();
    for (int64_t panel = first; panel < last; ++panel) {
      const int64_t l = panel % panels_of_row * wanted, lines = std::min(wanted, row - l);
      const int64_t start = 2 * (inner == 1 ? l * n : panel / panels_of_row * n * inner + l);
      const Panel<A> line{numbers, numbers + size}, other{numbers + 2 * size, numbers + 3 * size};
      const Panel<A> from = inverse ? line.exchanged() : line;
      if (inner == 1)
        read_lines(x + start, n, lines, from);
      else
        read(x + start, inner, n, lines, from);
      const Panel<A> found = plan->run(line, other, lines), result = inverse ? found.exchanged() : found;
      if (inner == 1)
        write_lines(result, scale, y + start, n, lines);
      else
        write(result, scale, y + start, inner, n, lines);
    }
  });
}

template <class T>
void fft_fast(const T* x, T* y, int64_t outer, int64_t n, int64_t inner, bool inverse) {
  if (outer * n * inner == 0) return;
  if (PanelTransform<T>::takes(n))
    transform<T, PanelTransform<T>>(x, y, outer, n, inner, inverse);
  else
    transform<double, Bluestein>(x, y, outer, n, inner, inverse);
}

}  // namespace

ITO_REGISTER_KERNEL(Fft, Device::cpu, "reference", fft_reference, float, double);
ITO_REGISTER_KERNEL(Fft, Device::cpu, "fast", fft_fast, float, double);

}  // namespace ito::kernels
