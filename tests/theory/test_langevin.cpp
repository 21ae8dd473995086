// Langevin dynamics: its stationary law, two ways to write its step, and why it needs noise of many sizes.
#include <doctest/doctest.h>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/compare.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/unary.h"
#include "diffusion/processes.h"
#include "diffusion/sampler.h"
#include "diffusion/sde.h"
#include "tests/theory/mixture.h"
#include "tests/theory/picture.h"

using namespace ito;
using namespace ito::theory;

namespace {

// The mixture of Song & Ermon 2019 (NCSN), section 3.2.2: 0.8 of the data at (5, 5), 0.2 at (-5, -5).
const Mixture modes{.weights = {0.8, 0.2}, .means = {{5, 5}, {-5, -5}}, .variance = 1};

// x + epsilon score + sqrt(2 epsilon) z: Euler-Maruyama of dX = score dt + sqrt(2) dW.
using Watch = std::function<void(const Tensor& x)>;
Tensor langevin(Tensor x, const Mixture& law, double epsilon, int steps, uint64_t seed, const Watch& watch = {}) {
  const Sde sde{.drift = [&](const Tensor& v, double) { return law.score(v); }, .diffusion = of_time([](double) { return std::sqrt(2.0); })};
  for (int k = 0; k < steps; ++k) {
    x = euler_maruyama_step(sde, x, 0, epsilon, normals(x.shape(), seed, uint32_t(k)) * std::sqrt(epsilon));
    if (watch) watch(x);
  }
  return x;
}

// The share of rows (N, 2) nearer to (5, 5).
double first_share(const Tensor& x) {
  double count = 0;
  for (int64_t n = 0; n < x.extent(0); ++n) count += x.data<double>()[2 * n] + x.data<double>()[2 * n + 1] > 0;
  return count / double(x.extent(0));
}

Tensor uniform_square(int64_t count, uint64_t seed) { return uniform_from({count, 2}, {.seed = seed}, 0, -8, 8, DType::f64); }

// Song & Ermon 2019, algorithm 1: at each of the noise levels, from large to small, steps of epsilon proportional to sigma^2.
Tensor annealed(Tensor x, double first, double last, uint64_t seed, const Watch& watch = {}) {
  constexpr int levels = 20, steps = 60;
  for (int i = 0; i < levels; ++i) {
    const double sigma = first * std::pow(last / first, double(i) / (levels - 1));
    x = langevin(x, modes.noised(1, sigma), 0.25 * sigma * sigma, steps, seed + uint64_t(i), watch);
  }
  return x;
}

}  // namespace

TEST_SUITE("theory") {
  TEST_CASE("Langevin dynamics tends to p, whatever the start (A-068)") {
    const Mixture law{.weights = {0.3, 0.7}, .means = {{-1}, {1}}, .variance = 0.5};
    const Tensor x = langevin(Tensor::full({10000}, 3, DType::f64), law, 0.02, 600, 91);
    CHECK(histogram_deviations(
              values(x), [&](double v) { return law.density(v); }, -3, 3.5) < 5);
  }

  TEST_CASE(
      "the step's two conventions are one: epsilon and sqrt(2 epsilon) is alpha/2 and sqrt(alpha) for alpha = 2 epsilon; mixed, they halve the "
      "variance (A-068)") {
    const Mixture law{.weights = {1}, .means = {{0}}, .variance = 2};
    const Tensor x = normals({100}, 92), z = normals({100}, 93);
    const double epsilon = 0.1, alpha = 2 * epsilon;
    const Sde unit_noise{.drift = [&](const Tensor& v, double) { return law.score(v) * 0.5; }, .diffusion = of_time([](double) { return 1.0; })};
    const std::vector<double> one = (x + law.score(x) * epsilon + z * std::sqrt(2 * epsilon)).to_vector<double>(),
                              other = euler_maruyama_step(unit_noise, x, 0, alpha, z * std::sqrt(alpha)).to_vector<double>();
    for (size_t i = 0; i < one.size(); ++i) CHECK(one[i] == doctest::Approx(other[i]).epsilon(1e-14));
    // On N(0, v) the chain is x <- (1 - epsilon/v) x + noise: stationary variance noise / (1 - (1 - epsilon/v)^2), which is v / (1 - epsilon / 2v)
    // for the right noise 2 epsilon, half of that for epsilon.
    const auto stationary = [&](double noise) {
      double v = 0;
      for (int k = 0; k < 2000; ++k) v = std::pow(1 - epsilon / law.variance, 2) * v + noise;
      return v;
    };
    const double expected = law.variance / (1 - epsilon / (2 * law.variance));
    CHECK(stationary(2 * epsilon) == doctest::Approx(expected).epsilon(1e-12));
    CHECK(stationary(epsilon) == doctest::Approx(expected / 2).epsilon(1e-12));
    const Estimate e = estimate_of(values(langevin(normals({20000}, 94), law, epsilon, 200, 95)), [](double v) { return v * v; });
    CHECK(deviations(e, expected) < 5);
  }

  TEST_CASE("between distant modes the score does not know their weights (A-017)") {
    // ERR-14: where p1 is all there is, grad log p = grad log p1; it is not grad log p1 + grad log p2, and the weight has gone.
    const Mixture even{.weights = {0.5, 0.5}, .means = modes.means, .variance = 1};
    const Mixture first{.weights = {1}, .means = {modes.means[0]}, .variance = 1}, second{.weights = {1}, .means = {modes.means[1]}, .variance = 1};
    const Tensor x = first.draw(200, 96);
    const Tensor s = modes.score(x), alone = first.score(x), both = alone + second.score(x), of_even = even.score(x);
    for (int64_t i = 0; i < x.numel(); ++i) {
      CHECK(std::abs(s.data<double>()[i] - alone.data<double>()[i]) < 1e-8);
      CHECK(std::abs(s.data<double>()[i] - of_even.data<double>()[i]) < 1e-8);
      CHECK(std::abs(s.data<double>()[i] - both.data<double>()[i]) > 1);
    }
  }

  TEST_CASE("plain Langevin keeps the weights of its start, annealed Langevin finds 0.8 from any (A-017, A-070)") {
    // 4,000 rows: a share of 0.8 is known to 0.0063, so 0.03 are 4.7 standard errors.
    const Tensor start = uniform_square(4000, 97);
    CHECK(std::abs(first_share(start) - 0.5) < 0.04);  // five standard errors
    Curve shares[3] = {{.x = {}, .y = {}, .colour = {150, 150, 150}}, {}, {.x = {}, .y = {}, .colour = {214, 39, 40}}};
    const auto record = [](Curve& curve) {
      return [&curve](const Tensor& x) {
        curve.x.push_back(double(curve.x.size() + 1));
        curve.y.push_back(first_share(x));
      };
    };
    const Tensor plain = langevin(start, modes, 0.05, 1200, 98, record(shares[0]));
    CHECK(std::abs(first_share(plain) - first_share(start)) < 0.03);
    const Tensor even = annealed(start, 20, 0.2, 200, record(shares[1]));
    const Tensor all_in_second = annealed(Tensor::full({4000, 2}, -5, DType::f64), 20, 0.2, 300, record(shares[2]));
    picture("annealed-langevin", {shares[0], shares[1], shares[2]}, {.title = "share of chains near (5, 5)", .x_label = "step"});
    CHECK(std::abs(first_share(even) - 0.8) < 0.03);
    CHECK(std::abs(first_share(all_in_second) - 0.8) < 0.03);
    // Both stay near the modes: the law within a mode is right, its weight is not.
    for (const Tensor& x : {plain, even})
      CHECK(std::abs(estimate_of(values(x), [](double v) { return std::pow(std::abs(v) - 5, 2); }).mean - 1) < 0.1);
    // Levels in the wrong order, small ones first, end at a blurred law.
    CHECK(estimate_of(values(annealed(start.rows(0, 500), 0.2, 20, 200)), [](double v) { return v * v; }).mean > 100);
  }

  TEST_CASE("annealed Langevin with noise of its own in each step favours the smaller mode, averaged noise does not (A-070)") {
    // Along the line between the modes, in units of 5: means +-sqrt(2), variance 0.04.
    const Mixture line{.weights = {0.8, 0.2}, .means = {{std::sqrt(2.0)}, {-std::sqrt(2.0)}}, .variance = 0.04};
    const Ve levels({.sigma_min = 0.02, .sigma_max = 4});
    const Denoiser exact = [&](const Tensor& x, double t) {
      const Marginal m = levels.marginal(t);
      const Tensor score = cast(line.noised(1, m.deviation).score(cast(x.view({x.numel()}), DType::f64)), DType::f32).view(x.shape());
      return from_x0(x + score * (m.deviation * m.deviation), x, m);
    };
    const auto share = [&](const std::string& noise) {  // known to 0.0028
      const SamplerOptions o{
          .sampler = "annealed-langevin", .steps = 20, .clip = false, .langevin_step = 1.2e-4, .langevin_steps = 50, .langevin_noise = noise};
      return sum(cast(greater(sample(levels, exact, {20000, 1, 1, 1}, o), Tensor::zeros({1})), DType::f64)).item() / 20000;
    };
    const double fresh = share("fresh"), averaged = share("averaged");
    MESSAGE("share of the larger mode: ", fresh, ", averaged ", averaged);
    CHECK(fresh < 0.79);
    CHECK(std::abs(averaged - 0.8) < 0.01);
  }

  TEST_CASE("large noise fills the region between the modes and lets chains cross, small noise does neither (A-017, A-246)") {
    // Along the diagonal, modes at +-sqrt(50): the mass within 1 of the middle, and the share that starts in the smaller mode and has left it.
    const auto middle = [](double sigma) {
      const double s = std::sqrt((1 + sigma * sigma) * 2), d = std::sqrt(50.0);
      return (std::erf((d + 1) / s) - std::erf((d - 1) / s)) / 2;
    };
    CHECK(middle(0.1) < 1e-8);
    CHECK(middle(10) > 0.05);
    const auto crossed = [](double sigma) {
      return first_share(langevin(Tensor::full({2000, 2}, -5, DType::f64), modes.noised(1, sigma), 0.1 * (1 + sigma * sigma), 100, 101));
    };
    CHECK(crossed(0.1) == 0);
    // The blurred law's own share of the half plane: Phi(sqrt(50 / (1 + sigma^2))) for one mode, what is left for the other.
    const double beyond = (1 + std::erf(std::sqrt(25.0 / 101))) / 2;
    CHECK(std::abs(crossed(10) - (0.8 * beyond + 0.2 * (1 - beyond))) < 5 * std::sqrt(0.25 / 2000) + 0.01);
  }
}
