// The harness is tested by what it must find: ops and kernels with planted bugs, and clean twins in which it must find nothing.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "autograd/op.h"
#include "autograd/ops/arithmetic.h"
#include "kernels/parallel.h"
#include "tests/cases/check.h"

using namespace ito;

namespace {

// y = x^3 with a rule by kind of bug.
enum class Bug { none, zero_backward, no_backward, wrong_factor, wrong_second_order, stale_input };

struct Cube : OpNamed<"test_mutant_cube"> {
  Bug bug;
  Saved x{*this};
  explicit Cube(Bug b) : bug(b) {}
  Tensor forward(const Tensors& in) override {
    x.save(in[0]);
    return in[0] * in[0] * in[0];
  }
  Tensors backward(const Tensor& dy) override {
    const Tensor dx = dy * x.get() * x.get() * 3.0;
    if (bug == Bug::zero_backward) return {dx * 0.0};
    if (bug == Bug::no_backward) return {Tensor()};
    if (bug == Bug::wrong_factor) return {dx * 1.001};
    if (bug == Bug::stale_input) return {dx.detach()};  // right, but its own derivative is lost
    return {dx};
  }
  Tensors backward_composed(const Tensor& dy) override {
    if (bug == Bug::wrong_second_order) return {dy * (x.get() * x.get()).detach() * 3.0};
    return backward(dy);
  }
};

Tensor (*cube)(const Tensor&) = nullptr;
template <Bug bug>
Tensor cube_with(const Tensor& x) {
  return ito::apply(std::make_shared<Cube>(bug), {x});
}

struct Difference : OpNamed<"test_mutant_difference"> {
  bool swapped;
  explicit Difference(bool s) : swapped(s) {}
  Tensor forward(const Tensors& in) override { return in[0] - in[1]; }
  Tensors backward(const Tensor& dy) override { return swapped ? Tensors{dy * -1.0, dy} : Tensors{dy, dy * -1.0}; }
};
bool swapped_inputs = false;

void fill_cube(std::vector<checks::Case>& cases) {
  cases.push_back({.inputs = {checks::normal_values({3, 5})}, .f = [](const Tensors& in) { return cube(in[0]); }});
}
void fill_difference(std::vector<checks::Case>& cases) {
  cases.push_back({.inputs = {checks::normal_values({4}), checks::normal_values({4}, 0, 1, 2)},
                   .f = [](const Tensors& in) { return ito::apply(std::make_shared<Difference>(swapped_inputs), in); }});
}

// ---- kernels: y[i] = x[n-1-i], and variants of it with one bug each

template <class T>
using Reversed = kernels::Kernel<"test_mutant_reversed", T, void(const T* x, T* y, int64_t n)>;

template <class T>
void clean(const T* x, T* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = x[n - 1 - i];
}
template <class T>
void nan_output(const T* x, T* y, int64_t n) {
  clean(x, y, n);
  y[n / 2] = std::numeric_limits<T>::quiet_NaN();
}
template <class T>
void swapped_index(const T* x, T* y, int64_t n) {
  clean(x, y, n);
  std::swap(y[0], y[1]);
}
template <class T>
void off_by_one(const T* x, T* y, int64_t n) {
  clean(x, y, n);
  y[n - 1] = x[1];
}
template <class T>
void infinite(const T* x, T* y, int64_t n) {
  clean(x, y, n);
  y[0] = std::numeric_limits<T>::infinity();
}
template <class T>
void slightly_off(const T* x, T* y, int64_t n) {
  clean(x, y, n);
  y[3] *= T(1.001);
}
ITO_REGISTER_KERNEL(Reversed, Device::cpu, "reference", clean, float, double);
ITO_REGISTER_KERNEL(Reversed, Device::cpu, "test_nan_output", nan_output, float, double);
ITO_REGISTER_KERNEL(Reversed, Device::cpu, "test_swapped_index", swapped_index, float, double);
ITO_REGISTER_KERNEL(Reversed, Device::cpu, "test_off_by_one", off_by_one, float, double);
ITO_REGISTER_KERNEL(Reversed, Device::cpu, "test_infinite", infinite, float, double);
ITO_REGISTER_KERNEL(Reversed, Device::cpu, "test_slightly_off", slightly_off, float, double);
ITO_REGISTER_KERNEL(Reversed, Device::cpu, "test_clean_twin", clean, float, double);

void fill_reversed(std::vector<checks::Case>& cases) {
  cases.push_back({.inputs = {checks::normal_values({9})},
                   .f =
                       [](const Tensors& in) {
                         Tensor y = Tensor::empty(in[0].shape(), in[0].dtype());
                         dispatch<float, double>(y.dtype(), "reversed",
                                                 [&]<class T>() { Reversed<T>::on(Device::cpu)(in[0].data<T>(), y.data<T>(), 9); });
                         return y;
                       },
                   .gradients = false});
}

// A sum whose order depends on the number of threads.
void fill_threads(std::vector<checks::Case>& cases) {
  cases.push_back({.inputs = {checks::normal_values({1000})},
                   .f =
                       [](const Tensors& in) {
                         const std::vector<double> x = in[0].to_vector<double>();
                         auto parts = std::vector<float>(size_t(kernels::num_threads()));
                         for (size_t i = 0; i < x.size(); ++i) parts[i % parts.size()] += float(x[i]);
                         float sum = 0;
                         for (const float part : parts) sum += part;
                         return Tensor::scalar(double(sum), in[0].dtype());
                       },
                   .tolerance = 1e-3,
                   .gradients = false});
}

int failures_with(const checks::Report& report, const std::string& part) {
  int count = 0;
  for (const std::string& failure : report.failures) count += failure.find(part) != std::string::npos;
  return count;
}

}  // namespace

TEST_SUITE("ops") {
  TEST_CASE("mutants of a gradient rule are caught, the clean rule is not") {
    const checks::CaseList list{"test_mutant_cube", fill_cube};
    cube = cube_with<Bug::none>;
    CHECK(checks::check_op(list).failures.empty());
    for (const auto mutant : {cube_with<Bug::zero_backward>, cube_with<Bug::wrong_factor>}) {
      cube = mutant;
      CHECK(failures_with(checks::check_op(list), ", gradient:") > 0);
    }
    cube = cube_with<Bug::no_backward>;
    CHECK(!checks::check_op(list).failures.empty());
    for (const auto mutant : {cube_with<Bug::wrong_second_order>, cube_with<Bug::stale_input>}) {
      cube = mutant;
      const checks::Report report = checks::check_op(list);
      CHECK(failures_with(report, ", gradient:") == 0);  // the first order is right
      CHECK(failures_with(report, "second gradient") > 0);
    }
    const checks::CaseList difference{"test_mutant_difference", fill_difference};
    CHECK(checks::check_op(difference).failures.empty());
    swapped_inputs = true;
    CHECK(failures_with(checks::check_op(difference), ", gradient:") > 0);
  }

  TEST_CASE("mutants of a kernel are caught in f64 and f32, the clean twin is not") {
    const checks::Report report = checks::check_op({"test_mutant_reversed", fill_reversed});
    for (const std::string mutant : {"test_nan_output", "test_swapped_index", "test_off_by_one", "test_infinite", "test_slightly_off"})
      for (const std::string dtype : {"f64 ", "f32 "}) CHECK_MESSAGE(failures_with(report, text(dtype, mutant)) == 1, dtype, mutant);
    CHECK(failures_with(report, "clean_twin") == 0);
    CHECK(failures_with(report, "reference") == 0);
  }

  TEST_CASE("a result that depends on the number of threads is caught") {
    CHECK(failures_with(checks::check_op({"test_mutant_threads", fill_threads}), "threads") > 0);
  }
}
