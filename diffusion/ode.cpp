#include "diffusion/ode.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/unary.h"

namespace ito {

namespace {

constexpr int stages = 7;
// Dormand & Prince 1980, table 2. Row i gives the place of stage i; the last row is the solution of order 5, so that its slope is the next step's
// first.
constexpr std::array<double, stages> nodes{0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1};
constexpr double weights[stages][stages - 1] = {
    {},
    {1.0 / 5},
    {3.0 / 40, 9.0 / 40},
    {44.0 / 45, -56.0 / 15, 32.0 / 9},
    {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
    {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
    {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84},
};
// The solution of order 5 less that of order 4.
constexpr double error_weights[stages] = {71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40};

// sum_i h w_i k_i
Tensor weighted(const std::array<Tensor, stages>& k, const double* w, int count, double h) {
  Tensor total;
  for (int i = 0; i < count; ++i)
    if (w[i] != 0) total = total.defined() ? total + k[size_t(i)] * (h * w[i]) : k[size_t(i)] * (h * w[i]);
  return total;
}

class DormandPrince {
 public:
  DormandPrince(const Field& u, const Rk45Options& options) : u_(u), o_(options) {}

  OdeSolution solve(const Tensor& start, double first, double last) {
    Tensor x = start;
    k_[0] = at(x, first);
    double t = first, h = first_step(x, first, last);
    int64_t accepted = 0, rejected = 0;
    while (t != last) {
      // 16: a step of a few units in the last place of t would not know how long it is.
      const double shortest = 16 * (std::nextafter(std::abs(t), INFINITY) - std::abs(t));
      ITO_CHECK(std::abs(h) > shortest || std::abs(last - t) <= shortest, "[rk45] the tolerance needs steps too short to be told apart at t = ", t);
      const bool ends = std::abs(h) >= std::abs(last - t);
      if (ends) h = last - t;
      const Tensor next = advance(x, t, h);
      const double error = norm(weighted(k_, error_weights, stages, h), scale(x, next));
      if (error <= 1) {
        t = ends ? last : t + h;
        x = next;
        k_[0] = k_[stages - 1];
        ++accepted;
      } else {
        ++rejected;
      }
      // The error of a step grows as h^5. Hairer, Norsett & Wanner 1993, eq. II.4.13; a field that is not finite there asks for a far shorter step.
      const double factor = std::isfinite(error) ? 0.9 * std::pow(std::max(error, 1e-10), -0.2) : 0.2;
      h *= std::clamp(factor, 0.2, error <= 1 ? 10.0 : 1.0);
    }
    return {x, evaluations_, accepted, rejected};
  }

 private:
  Tensor at(const Tensor& x, double t) {
    ITO_CHECK(++evaluations_ <= o_.max_evaluations, "[rk45] more than ", o_.max_evaluations, " evaluations are needed; at t = ", t);
    return u_(x, t);
  }

  Tensor advance(const Tensor& x, double t, double h) {
    Tensor place;
    for (int i = 1; i < stages; ++i) {
      place = x + weighted(k_, weights[i], i, h);
      k_[size_t(i)] = at(place, t + nodes[size_t(i)] * h);
    }
    return place;
  }

  Tensor scale(const Tensor& x, const Tensor& next) const { return maximum(abs(x), abs(next)) * o_.rtol + o_.atol; }
  static double norm(const Tensor& x, const Tensor& scale) { return std::sqrt(mean(square(x / scale)).item()); }

  // A length for which Euler's step would do. Hairer, Norsett & Wanner 1993, section II.4, "starting step size".
  double first_step(const Tensor& x, double first, double last) {
    const Tensor s = scale(x, x);
    const double size = norm(x, s), slope = norm(k_[0], s), direction = last < first ? -1 : 1;
    ITO_CHECK(std::isfinite(slope), "[rk45] the field is not finite at t = ", first);
    const double guess = std::min(size < 1e-5 || slope < 1e-5 ? 1e-6 : 0.01 * size / slope, std::abs(last - first));
    const double bend = norm(at(x + k_[0] * (direction * guess), first + direction * guess) - k_[0], s) / guess, most = std::max(slope, bend);
    const double by_error = most <= 1e-15 ? std::max(1e-6, guess * 1e-3) : std::pow(0.01 / most, 0.2);
    return direction * std::min({100 * guess, by_error, std::abs(last - first)});
  }

  const Field& u_;
  const Rk45Options& o_;
  std::array<Tensor, stages> k_;
  int64_t evaluations_ = 0;
};

}  // namespace

Tensor euler_step(const Field& u, const Tensor& x, double t, double h) { return x + u(x, t) * h; }

Tensor heun_step(const Field& u, const Tensor& x, double t, double h) {
  const Tensor near = u(x, t);
  return x + (near + u(x + near * h, t + h)) * (h / 2);
}

Tensor rk4_step(const Field& u, const Tensor& x, double t, double h) {
  const Tensor k1 = u(x, t), k2 = u(x + k1 * (h / 2), t + h / 2), k3 = u(x + k2 * (h / 2), t + h / 2), k4 = u(x + k3 * h, t + h);
  return x + (k1 + (k2 + k3) * 2 + k4) * (h / 6);
}

OdeSolution rk45(const Field& u, const Tensor& x, double first, double last, const Rk45Options& options) {
  ITO_CHECK(options.rtol > 0 && options.atol > 0, "[rk45] rtol and atol must be positive, got ", options.rtol, " and ", options.atol);
  ITO_CHECK(std::isfinite(first) && std::isfinite(last), "[rk45] times must be finite, got ", first, " and ", last);
  if (first == last) return {x, 0, 0, 0};
  return DormandPrince(u, options).solve(x, first, last);
}

}  // namespace ito
