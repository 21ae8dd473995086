// Fourier transforms of several lines at once on the CPU: element k of line l is at k * lines + l, real and imaginary parts apart, so that whatever
// is done to an element is done to a vector of lines.
//
// Lengths without a prime factor above 7, in Stockham's ordering, which needs no bit reversal. A stage of radix R takes the length L = R l that is
// left apart into R interleaved ones: with m = n / L, j < l, b < m,
//   out[(R j + p) m + b] = exp(-2 pi i j p / L) sum_q in[j m + b + q n / R] exp(-2 pi i p q / R)
// Unscaled and forward; the inverse is the same with real and imaginary parts exchanged, before and after.
#pragma once

#include <cmath>
#include <complex>
#include <numbers>
#include <utility>
#include <vector>

#include "tensor/error.h"

namespace ito::kernels {

// exp(-2 pi i j / n); j is reduced first, so that the argument keeps its digits.
inline std::complex<double> root_of_unity(int64_t j, int64_t n) {
  const double angle = 2 * std::numbers::pi * double(j % n) / double(n);
  return {std::cos(angle), -std::sin(angle)};
}

template <class A>
struct Panel {
  A *re, *im;
  Panel exchanged() const { return {im, re}; }
};

template <class A>
class PanelTransform {
 public:
  static bool takes(int64_t n) {
    for (const int radix : {2, 3, 5, 7})
      while (n % radix == 0) n /= radix;
    return n == 1;
  }

  explicit PanelTransform(int64_t n) : n_(n) {
    ITO_CHECK(takes(n), "[fft] ", n, " has a prime factor above 7");
    for (const int radix : {8, 4, 2, 3, 5, 7})
      for (; n % radix == 0; n /= radix) {
        const int64_t l = n / radix;
        stages_.push_back({radix, l, roots_.size()});
        for (int k = 1; k < radix; ++k) add_root(k, radix);
        for (int64_t j = 0; j < l; ++j)
          for (int p = 1; p < radix; ++p) add_root(j * p, n);
      }
  }

  int64_t length() const { return n_; }

  // `other` is as large as `line`; returns the one of the two in which the result is.
  Panel<A> run(Panel<A> line, Panel<A> other, int64_t lines) const {
    for (const Stage& s : stages_) {
      if (s.radix == 8)
        stage<8>(line, other, lines, s);
      else if (s.radix == 4)
        stage<4>(line, other, lines, s);
      else if (s.radix == 2)
        stage<2>(line, other, lines, s);
      else if (s.radix == 3)
        stage<3>(line, other, lines, s);
      else if (s.radix == 5)
        stage<5>(line, other, lines, s);
      else
        stage<7>(line, other, lines, s);
      std::swap(line, other);
    }
    return line;
  }

 private:
  struct Stage {
    int radix;
    int64_t l;
    size_t roots;  // where they start: the radix' own, 0 < k < R, then by j and 0 < p < R
  };

  void add_root(int64_t j, int64_t n) {
    const std::complex<double> root = root_of_unity(j, n);
    roots_.push_back(A(root.real()));
    roots_.push_back(A(root.imag()));
  }

  template <int R>
  void stage(Panel<A> in, Panel<A> out, int64_t lines, const Stage& s) const {
    const A *own = roots_.data() + s.roots, *roots = own + 2 * (R - 1);
    const int64_t count = n_ / (s.l * R) * lines, apart = n_ / R * lines;  // count: of numbers with the same roots
    for (int64_t j = 0; j < s.l; ++j, roots += 2 * (R - 1)) {
      const Panel<A> from{in.re + j * count, in.im + j * count}, to{out.re + j * R * count, out.im + j * R * count};
      if (j == 0)
        butterflies<R, false>(from, apart, to, count, own, roots);
      else
        butterflies<R, true>(from, apart, to, count, own, roots);
    }
  }

  struct Four {
    A re[4], im[4];
  };
  __attribute__((always_inline)) static Four four(A re0, A im0, A re1, A im1, A re2, A im2, A re3, A im3) {
    const A even_re = re0 + re2, even_im = im0 + im2, even_less_re = re0 - re2, even_less_im = im0 - im2;
    const A odd_re = re1 + re3, odd_im = im1 + im3, odd_less_re = re1 - re3, odd_less_im = im1 - im3;
    return {{even_re + odd_re, even_less_re + odd_less_im, even_re - odd_re, even_less_re - odd_less_im},
            {even_im + odd_im, even_less_im - odd_less_re, even_im - odd_im, even_less_im + odd_less_re}};
  }

  // x[p] = sum_q x[q] exp(-2 pi i p q / R), multiplied by roots[p] if `turned`.
  template <int R, bool turned>
  static void butterflies(Panel<A> from, int64_t apart, Panel<A> to, int64_t count, const A* own, const A* roots) {
    A cosines[R] = {}, sines[R] = {};
    for (int k = 1; k < R; ++k) {
      cosines[k] = own[2 * k - 2];
      sines[k] = own[2 * k - 1];
    }
    // Always inlined: clang 14 forgets that iterations are independent in functions that it inlines later.
    const auto one = [=](int64_t i) __attribute__((always_inline)) {
      const auto re = [=](int q) { return from.re[i + q * apart]; };
      const auto im = [=](int q) { return from.im[i + q * apart]; };
      const auto put = [=](int p, A a, A b) {
        if (turned && p > 0) {
          const A c = roots[2 * p - 2], d = roots[2 * p - 1];
          to.re[i + p * count] = a * c - b * d;
          to.im[i + p * count] = a * d + b * c;
        } else {
          to.re[i + p * count] = a;
          to.im[i + p * count] = b;
        }
      };
      if constexpr (R == 2) {
        put(0, re(0) + re(1), im(0) + im(1));
        put(1, re(0) - re(1), im(0) - im(1));
      } else if constexpr (R == 4) {
        const Four y = four(re(0), im(0), re(1), im(1), re(2), im(2), re(3), im(3));
        for (int p = 0; p < 4; ++p) put(p, y.re[p], y.im[p]);
      } else if constexpr (R == 8) {
        // A transform of q = 0, 2, 4, 6 and one of 1, 3, 5, 7; that one is multiplied by exp(-2 pi i p / 8).
        const Four even = four(re(0), im(0), re(2), im(2), re(4), im(4), re(6), im(6));
        const Four odd = four(re(1), im(1), re(3), im(3), re(5), im(5), re(7), im(7));
        const A half = cosines[1];  // sqrt(1/2)
        const A re1 = half * (odd.re[1] + odd.im[1]), im1 = half * (odd.im[1] - odd.re[1]);
        const A re3 = half * (odd.im[3] - odd.re[3]), im3 = -half * (odd.re[3] + odd.im[3]);
        put(0, even.re[0] + odd.re[0], even.im[0] + odd.im[0]);
        put(1, even.re[1] + re1, even.im[1] + im1);
        put(2, even.re[2] + odd.im[2], even.im[2] - odd.re[2]);
        put(3, even.re[3] + re3, even.im[3] + im3);
        put(4, even.re[0] - odd.re[0], even.im[0] - odd.im[0]);
        put(5, even.re[1] - re1, even.im[1] - im1);
        put(6, even.re[2] - odd.im[2], even.im[2] + odd.re[2]);
        put(7, even.re[3] - re3, even.im[3] - im3);
      } else {  // odd: x[q] and x[R - q] meet conjugate roots
        const auto join = [&]<int... q>(std::integer_sequence<int, q...>) __attribute__((always_inline)) {
          put(0, (re(0) + ... + (re(q + 1) + re(R - 1 - q))), (im(0) + ... + (im(q + 1) + im(R - 1 - q))));
          const auto pair = [&](int p) __attribute__((always_inline)) {
            const A even_re = (re(0) + ... + (cosines[p * (q + 1) % R] * (re(q + 1) + re(R - 1 - q)))),
                    even_im = (im(0) + ... + (cosines[p * (q + 1) % R] * (im(q + 1) + im(R - 1 - q)))),
                    odd_re = (... + (sines[p * (q + 1) % R] * (re(q + 1) - re(R - 1 - q)))),
                    odd_im = (... + (sines[p * (q + 1) % R] * (im(q + 1) - im(R - 1 - q))));
            put(p, even_re - odd_im, even_im + odd_re);
            put(R - p, even_re + odd_im, even_im - odd_re);
          };
          (pair(q + 1), ...);
        };
        join(std::make_integer_sequence<int, R / 2>());
      }
    };
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) one(i);
  }

  int64_t n_;
  std::vector<Stage> stages_;
  std::vector<A> roots_;
};

}  // namespace ito::kernels
