// The engine: orders of derivatives, accumulation, lifetimes, errors.
#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "autograd/graph.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/feed_forward.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/unary.h"
#include "autograd/profile.h"

using namespace ito;

TEST_SUITE("autograd") {
  TEST_CASE("x^3 at 3 has derivatives 27, 18, 6, 0") {
    const Tensor x = variable(Tensor::scalar(3, DType::f64));
    Tensor y = x * x * x;
    for (const double expected : {27.0, 18.0, 6.0}) {
      y = grad(y, {x}, {.create_graph = true})[0];
      CHECK(y.item() == doctest::Approx(expected));
    }
  }

  TEST_CASE("the fourth derivative of sin is sin") {
    const Tensor x = variable(Tensor::scalar(0.7, DType::f64));
    Tensor y = sin(x);
    for (int order = 0; order < 4; ++order) y = grad(y, {x}, {.create_graph = true})[0];
    CHECK(y.item() == doctest::Approx(std::sin(0.7)).epsilon(1e-12));
  }

  TEST_CASE("gradients of a leaf used twice add up, and backward accumulates over calls") {
    const Tensor x = variable(Tensor::scalar(2));
    backward(x * x + x);
    CHECK(grad_of(x).item() == 5);
    backward(x * 3.0);
    CHECK(grad_of(x).item() == 8);
    clear_grad(x);
    CHECK_FALSE(grad_of(x).defined());
  }

  TEST_CASE("a chain of a million nodes is freed without overflowing the stack") {
    Tensor y = variable(Tensor::scalar(1));
    for (int i = 0; i < 1'000'000; ++i) y = y + 1e-6;
    CHECK(y.item<float>() > 1.5f);
    y = exp(y * 0.5);
  }

  TEST_CASE("a chain of saved outputs is freed without overflowing the stack") {
    Tensor y = variable(Tensor::scalar(0.5));
    for (int i = 0; i < 300'000; ++i) y = tanh(y);
    CHECK(y.item<float>() > 0);
  }

  TEST_CASE("nothing is left in memory when a graph goes") {
    const int64_t before = memory_counters(Device::cpu).active;
    {
      const Tensor x = variable(Tensor::ones({100}));
      const Tensor y = sum(tanh(exp(x) * x));
      backward(y);
    }
    CHECK(memory_counters(Device::cpu).active == before);
  }

  TEST_CASE("saved tensors are freed as soon as they are used: a second backward says so") {
    const Tensor x = variable(Tensor::ones({3}));
    const Tensor y = sum(exp(x));
    backward(y);
    CHECK_THROWS_WITH(backward(y), doctest::Contains("keep_graph"));
  }

  TEST_CASE("overwriting a saved tensor in place is noticed") {
    const Tensor x = variable(Tensor::ones({3}));
    const Tensor y = sum(square(x));
    x.fill(7);
    CHECK_THROWS_WITH(backward(y), doctest::Contains("overwritten"));
  }

  TEST_CASE("nothing is recorded under NoGrad") {
    const Tensor x = variable(Tensor::ones({3}));
    const NoGrad guard;
    CHECK_FALSE(requires_grad(exp(x)));
  }

  TEST_CASE("grad of an input that is not part of the graph is an error, or undefined when allowed") {
    const Tensor x = variable(Tensor::scalar(1)), other = variable(Tensor::scalar(1));
    CHECK_THROWS_WITH(grad(x * 2.0, {other}), doctest::Contains("allow_unused"));
    CHECK_FALSE(grad(x * 2.0, {other}, {.allow_unused = true})[0].defined());
  }

  TEST_CASE("a non-scalar output needs a cotangent of its shape") {
    const Tensor x = variable(Tensor::ones({3}));
    CHECK_THROWS_WITH(backward(x * 2.0), doctest::Contains("grad_output"));
    backward(x * 2.0, {.grad_output = Tensor::full({3}, 5)});
    CHECK(grad_of(x).to_vector<float>() == std::vector<float>{10, 10, 10});
  }

  TEST_CASE("the gradient of an intermediate tensor can be asked for") {
    const Tensor x = variable(Tensor::scalar(2));
    const Tensor middle = x * x;
    CHECK(grad(middle * 3.0, {middle})[0].item() == 3);
  }

  TEST_CASE("a profile counts an op's calls and flops, forward and backward apart, with what runs inside it") {
    const Tensor a = variable(Tensor::ones({3, 5})), b = variable(Tensor::ones({5, 7}));
    backward(sum(matmul(a, b)));  // not in the profile
    const Profile profile;
    backward(sum(matmul(a, b) + matmul(a, b)));
    std::map<std::pair<std::string, bool>, ProfileRow> rows;
    for (const ProfileRow& row : profile.rows()) {
      rows[{row.name, row.backward}] = row;
      CHECK(row.seconds > 0);
    }
    CHECK(rows.size() == 6);  // matmul, add, sum
    CHECK(rows.at({"matmul", false}).calls == 2);
    CHECK(rows.at({"matmul", false}).flops == 2 * 2.0 * 3 * 5 * 7);
    CHECK(rows.at({"matmul", true}).calls == 2);
    CHECK(rows.at({"matmul", true}).flops == 2 * 2 * 2.0 * 3 * 5 * 7);
    CHECK(rows.at({"add", true}).flops == 0);
  }

  TEST_CASE("a profile counts each product of an op that runs others inside it once") {
    const auto ones = [](const Shape& shape) { return variable(Tensor::ones(shape)); };
    const Profile profile;
    backward(sum(feed_forward_gelu(ones({4, 3}), ones({5, 3}), ones({5}), ones({2, 5}), ones({2}))));
    for (const ProfileRow& row : profile.rows())
      if (row.name == "feed_forward") CHECK(row.flops == (row.backward ? 2 : 1) * 2.0 * 4 * (3 * 5 + 5 * 2));
  }

  TEST_CASE("the first op that makes a NaN is named, forward and backward") {
    const FindNonFinite watch;
    const Tensor x = variable(Tensor::zeros({2}));
    CHECK_THROWS_WITH(exp(log(x - 1.0)), doctest::Contains("[log]"));
    const Tensor y = sum(sqrt(x));
    CHECK_THROWS_WITH(backward(y), doctest::Contains("[sqrt]"));
  }
}
