// Which times are trained on and which are sampled at: importance of times, respacing.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "autograd/ops/arithmetic.h"
#include "diffusion/processes.h"
#include "diffusion/respacing.h"
#include "diffusion/sampler.h"
#include "diffusion/schedule.h"
#include "diffusion/time_sampling.h"

using namespace ito;

namespace {
constexpr int64_t T = 50;
double loss_at(int64_t t) { return std::exp(-double(t) / 4) + 0.01; }  // much at the first times, as L_t has it

// Histories of loss_at alone.
ImportanceTimes warm() {
  ImportanceTimes times(T);
  for (int64_t t = 0; t < T; ++t)
    times.record(Tensor::full({ImportanceTimes::history}, double(t), DType::i64), Tensor::full({ImportanceTimes::history}, loss_at(t)));
  return times;
}
}  // namespace

TEST_SUITE("diffusion") {
  TEST_CASE("the times of a batch are each uniform, together evenly spread; normal quantiles undo the distribution (Kingma et al. 2021, I.1)") {
    for (const int64_t n : {1, 7, 512}) {
      double first_mean = 0;
      for (uint64_t seed = 0; seed < 400; ++seed) {
        std::vector<double> u = spread_uniform(n, {.seed = seed});
        first_mean += u[size_t(seed) % size_t(n)] / 400;
        std::sort(u.begin(), u.end());
        bool one_in_each = true;  // n-th
        for (size_t i = 0; i < u.size(); ++i) one_in_each &= int64_t(u[i] * double(n)) == int64_t(i);
        CHECK(one_in_each);
      }
      CHECK(std::abs(first_mean - 0.5) < 4 * std::sqrt(1 / 12.0 / 400));
    }
    for (const int64_t steps : {1, 5, 200, 1000}) {  // discrete times are met n / steps times, rounded up or down
      std::vector<int64_t> counts(size_t(steps), 0);
      for (const int64_t t : uniform_times(512, steps, {.seed = 3}).t.to_vector<int64_t>()) ++counts.at(size_t(t));
      const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
      CHECK(*least >= 512 / steps);
      CHECK(*most <= 512 / steps + 1);
    }
    for (double z = -8; z <= 5; z += 0.37) {
      const double u = 0.5 * std::erfc(-z / std::sqrt(2.0));
      CHECK(normal_quantile(u) == doctest::Approx(z).epsilon(z < 1 ? 1e-13 : 1e-9));  // 1 - u has lost digits where z is large
    }
  }

  TEST_CASE("times by importance: the weighted loss is unbiased, and scatters much less (C.1.2)") {
    const ImportanceTimes times = warm();
    const int64_t n = 20000;
    double truth = 0;
    for (int64_t t = 0; t < T; ++t) truth += loss_at(t) / double(T);
    const auto estimate = [&](const SampledTimes& drawn) {  // mean and variance of weight * loss
      double first = 0, second = 0;
      for (int64_t i = 0; i < n; ++i) {
        const double value = drawn.weight.data<double>()[i] * loss_at(drawn.t.data<int64_t>()[i]);
        first += value / double(n);
        second += value * value / double(n);
      }
      return std::pair{first, second - first * first};
    };
    const auto [even_mean, even_variance] = estimate(uniform_times(n, T, {.seed = 1}));
    const auto [mean, variance] = estimate(times.draw(n, {.seed = 1}));
    CHECK(std::abs(even_mean - truth) < 4 * std::sqrt(even_variance / double(n)));
    CHECK(std::abs(mean - truth) < 4 * std::sqrt(variance / double(n)) + 1e-12);
    // A loss that is the same whenever its time is drawn leaves the variance of the even share alone.
    CHECK(variance < 0.01 * even_variance);

    const std::vector<double> p = times.probabilities();
    CHECK(std::accumulate(p.begin(), p.end(), 0.0) == doctest::Approx(1).epsilon(1e-12));
    for (const double value : p) CHECK(value >= ImportanceTimes::even_share / double(T));
    std::vector<double> counts(size_t(T), 0);
    const SampledTimes drawn = times.draw(n, {.seed = 2});
    for (int64_t i = 0; i < n; ++i) ++counts[size_t(drawn.t.data<int64_t>()[i])];
    double chi2 = 0;
    for (size_t t = 0; t < counts.size(); ++t) chi2 += std::pow(counts[t] - p[t] * double(n), 2) / (p[t] * double(n));
    CHECK(chi2 < 49 + 4 * std::sqrt(2 * 49.0));  // 49 degrees of freedom: mean 49, deviation 9.9
  }

  TEST_CASE("times by importance follow the last ten losses, squared, and are uniform until all times have ten (C.1.2)") {
    ImportanceTimes times(2);
    const auto record = [&](int64_t t, const std::vector<double>& losses) {
      times.record(Tensor::full({int64_t(losses.size())}, double(t), DType::i64), Tensor::from<double>(losses));
    };
    record(0, std::vector<double>(10, 5.0));
    record(1, std::vector<double>(9, 1.0));
    CHECK(times.probabilities() == std::vector<double>{0.5, 0.5});
    CHECK(times.draw(7, {.seed = 4}).t.to_vector<int64_t>() == uniform_times(7, 2, {.seed = 4}).t.to_vector<int64_t>());
    record(1, {1.0});
    CHECK(times.probabilities()[0] == doctest::Approx(0.999 * 5 / 6 + 0.0005).epsilon(1e-12));
    record(0, {1, 1, 1, 1, 1, 7, 7, 7, 7, 7});  // takes the place of all the fives: sqrt((5 + 5 * 49) / 10) = 5
    CHECK(times.probabilities()[0] == doctest::Approx(0.999 * 5 / 6 + 0.0005).epsilon(1e-12));
    record(0, {7, 7, 7, 7, 7});  // the ones were the oldest
    CHECK(times.probabilities()[0] == doctest::Approx(0.999 * 7 / 8 + 0.0005).epsilon(1e-12));

    const Tensor before = times.state();
    CHECK_THROWS_AS(record(2, {1.0}), Error);
    CHECK_THROWS_AS(record(0, {1.0, NAN}), Error);
    CHECK(times.state().to_vector<double>() == before.to_vector<double>());
    for (const int64_t t : {0, 1}) record(t, std::vector<double>(10, 0.0));  // nothing to go by
    CHECK(times.probabilities()[0] == doctest::Approx(0.5).epsilon(1e-12));
  }

  TEST_CASE("times by importance go on from their state as if they had not stopped") {
    ImportanceTimes one = warm(), other(T);
    other.load_state(one.state());
    for (ImportanceTimes* times : {&one, &other}) times->record(Tensor::zeros({3}, DType::i64), Tensor::full({3}, 9));
    CHECK(one.draw(100, {.seed = 5}).t.to_vector<int64_t>() == other.draw(100, {.seed = 5}).t.to_vector<int64_t>());
    CHECK(one.probabilities() == other.probabilities());
    CHECK_THROWS_AS(other.load_state(Tensor::zeros({T + 1, ImportanceTimes::history + 1}, DType::f64)), Error);
  }

  TEST_CASE("a sampler with a spacing visits the times that are kept, by steps with beta' = 1 - alpha-bar(t) / alpha-bar(s) (C.1.2)") {
    const Ddpm process(beta_schedule("cosine", 1000));
    const Denoiser denoiser = [&](const Tensor& x, double t) { return from_x0(x * 0.5, x, process.marginal(t)); };
    for (const char* spacing : {"25", "10,15,20", "ddim50", "1"}) {
      std::vector<int64_t> visited;
      SamplerOptions o{.sampler = "ancestral", .spacing = spacing};
      o.watch = [&](double t, const Tensor&) { visited.push_back(int64_t(t)); };
      sample(process, denoiser, {1, 1, 1, 1}, o);
      CHECK(visited.back() == -1);
      visited.pop_back();
      std::reverse(visited.begin(), visited.end());
      CHECK(visited == kept_times(1000, spacing));
      for (size_t i = 1; i < visited.size(); ++i)
        CHECK(transition(process.marginal(double(visited[i - 1])), process.marginal(double(visited[i]))).variance ==
              doctest::Approx(1 - process.alpha_bar(visited[i]) / process.alpha_bar(visited[i - 1])).epsilon(1e-9));
    }
    const auto refused = [&](const NoiseProcess& of, const char* spacing) { check_sampler({.sampler = "ancestral", .spacing = spacing}, of); };
    CHECK_THROWS_WITH_AS(refused(process, "1001"), doctest::Contains("cannot keep 1001 of 1000"), Error);
    CHECK_THROWS_WITH_AS(refused(Vp(), "10"), doctest::Contains("'ddpm'"), Error);
  }

  TEST_CASE("which times respacing keeps, and what it refuses (C.1.2)") {
    CHECK(kept_times(10, "ddim5") == std::vector<int64_t>{0, 2, 4, 6, 8});
    CHECK(kept_times(10, "ddim4") == std::vector<int64_t>{0, 3, 6, 9});
    CHECK(kept_times(10, "4") == std::vector<int64_t>{0, 3, 6, 9});
    CHECK(kept_times(10, "3") == std::vector<int64_t>{0, 4, 9});  // 4.5 to even
    CHECK(kept_times(10, "1,2,2") == std::vector<int64_t>{0, 4, 6, 7, 9});
    const auto parts = kept_times(300, "10,15,20");
    CHECK(parts.size() == 45);
    CHECK((parts[9] == 99 && parts[10] == 100 && parts[24] == 199 && parts[25] == 200 && parts.back() == 299));
    CHECK_THROWS_WITH_AS(kept_times(10, "11"), doctest::Contains("cannot keep 11 of 10"), Error);
    CHECK_THROWS_WITH_AS(kept_times(10, "2,2,4"), doctest::Contains("cannot keep 4 of 3"), Error);
    CHECK_THROWS_WITH_AS(kept_times(10, "ddim6"), doctest::Contains("no whole stride"), Error);
    for (const char* words : {"", "0", "-3", "5,", ",5", "ddim", "ddim0", "3.5", "many"}) CHECK_THROWS_AS(kept_times(10, words), Error);
  }
}
