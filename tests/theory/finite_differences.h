// The forward and the backward Kolmogorov equation of  dX = f(X) dt + b(X) dW  on a grid, by central differences in x and Crank-Nicolson in t.
#pragma once

#include <cmath>
#include <vector>

namespace ito::theory {

// y_i = lower_i x_{i-1} + diagonal_i x_i + upper_i x_{i+1}
struct Tridiagonal {
  std::vector<double> lower, diagonal, upper;

  explicit Tridiagonal(size_t n) : lower(n), diagonal(n), upper(n) {}
  size_t size() const { return diagonal.size(); }

  std::vector<double> times(const std::vector<double>& x) const {
    std::vector<double> y(size());
    for (size_t i = 0; i < size(); ++i) y[i] = diagonal[i] * x[i] + (i > 0 ? lower[i] * x[i - 1] : 0) + (i + 1 < size() ? upper[i] * x[i + 1] : 0);
    return y;
  }
  // (I - c M)^-1 y, Thomas' algorithm.
  std::vector<double> solved(double c, std::vector<double> y) const {
    std::vector<double> ratio(size());
    for (size_t i = 0; i < size(); ++i) {
      const double below = i > 0 ? -c * lower[i] : 0, pivot = 1 - c * diagonal[i] - (i > 0 ? below * ratio[i - 1] : 0);
      ratio[i] = -c * upper[i] / pivot;
      y[i] = (y[i] - (i > 0 ? below * y[i - 1] : 0)) / pivot;
    }
    for (size_t i = size() - 1; i-- > 0;) y[i] -= ratio[i] * y[i + 1];
    return y;
  }
  // x(t) of dx/dt = M x.
  std::vector<double> evolved(std::vector<double> x, double t, int steps) const {
    const double half = t / steps / 2;
    for (int k = 0; k < steps; ++k) {
      const std::vector<double> slope = times(x);
      for (size_t i = 0; i < size(); ++i) x[i] += half * slope[i];
      x = solved(half, x);
    }
    return x;
  }
};

struct Grid {
  double low, width;
  size_t cells;
  double centre(size_t i) const { return low + (double(i) + 0.5) * width; }
};

// dp/dt = -(f p)' + (b^2 p)''/2, nothing leaves at the ends.
template <class F, class B>
Tridiagonal fokker_planck(const Grid& grid, F f, B b) {
  Tridiagonal m(grid.cells);
  const double h = grid.width;
  for (size_t i = 0; i + 1 < grid.cells; ++i) {  // the flux f p - (b^2 p)'/2 between cells i and i + 1, what it takes from one and gives to the other
    const double x = grid.centre(i), y = grid.centre(i + 1), of_left = f(x) / 2 + b(x) * b(x) / (2 * h), of_right = f(y) / 2 - b(y) * b(y) / (2 * h);
    m.diagonal[i] -= of_left / h;
    m.upper[i] -= of_right / h;
    m.lower[i + 1] += of_left / h;
    m.diagonal[i + 1] += of_right / h;
  }
  return m;
}

// du/dt = f u' + b^2 u''/2, no slope at the ends.
template <class F, class B>
Tridiagonal backward_kolmogorov(const Grid& grid, F f, B b) {
  Tridiagonal m(grid.cells);
  const double h = grid.width;
  for (size_t i = 0; i < grid.cells; ++i) {
    const double x = grid.centre(i), up = f(x) / (2 * h) + b(x) * b(x) / (2 * h * h), down = -f(x) / (2 * h) + b(x) * b(x) / (2 * h * h);
    if (i + 1 < grid.cells) m.upper[i] = up, m.diagonal[i] -= up;
    if (i > 0) m.lower[i] = down, m.diagonal[i] -= down;
  }
  return m;
}

}  // namespace ito::theory
