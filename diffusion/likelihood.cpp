#include "diffusion/likelihood.h"

#include <cmath>
#include <numbers>

#include "autograd/graph.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/compare.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/unary.h"
#include "diffusion/trace.h"

namespace ito {

namespace {

enum Stream : uint32_t { probes_stream = 120, bound_noise, bound_times, dequantisation };

// Sums over all but the images.
std::vector<double> each_sum(const Tensor& x) { return sum(x.to(DType::f64), {.axes = {1, 2, 3}}).to_vector<double>(); }

int64_t first_element(const Tensor& x, int64_t first_image) { return first_image * x.shape().product(1, x.rank()); }

// eps and the estimate of tr d eps/dy, at log r.
struct Flow {
  Tensor eps;
  std::vector<double> trace;
};

class Integrand {
 public:
  Integrand(const NoiseProcess& process, const Denoiser& denoiser, std::vector<Tensor> vectors)
      : process_(process), denoiser_(denoiser), probes_(std::move(vectors)) {}

  Flow at(const Tensor& y, double log_r) const {
    const double t = process_.time_of_ratio(std::exp(log_r)), scale = process_.marginal(t).scale;
    const RowMap eps = [&](const Tensor& point) { return denoiser_(point * scale, t).eps; };
    Flow flow{{}, std::vector<double>(size_t(y.extent(0)))};
    for (const Tensor& v : probes_) {
      const ValueAndTrace found = hutchinson_trace(eps, y, v);
      flow.eps = found.value;
      const std::vector<double> each = found.trace.to_vector<double>();
      for (size_t i = 0; i < each.size(); ++i) flow.trace[i] += each[i] / double(probes_.size());
    }
    return flow;
  }

 private:
  const NoiseProcess& process_;
  const Denoiser& denoiser_;
  std::vector<Tensor> probes_;
};

// log r at first(), and by how much it grows in each of the steps to last().
struct Clock {
  double begin, step;
};
Clock clock_of(const NoiseProcess& process, int64_t steps) {
  const double begin = std::log(ratio_at(process, process.first()));
  return {begin, (std::log(ratio_at(process, process.last())) - begin) / double(steps)};
}

// log N(x; 0, deviation^2 I) of each image.
std::vector<double> prior_log_density(const Tensor& x, double deviation) {
  std::vector<double> squares = each_sum(square(x));
  const auto dimensions = double(x.shape().product(1, x.rank()));
  for (double& s : squares) s = -0.5 * s / (deviation * deviation) - 0.5 * dimensions * std::log(2 * std::numbers::pi * deviation * deviation);
  return squares;
}

}  // namespace

std::vector<double> log_likelihood(const NoiseProcess& process, const Denoiser& denoiser, const Tensor& x, const LikelihoodOptions& o) {
  ITO_CHECK(o.steps >= 1 && o.probes >= 1, "a likelihood needs at least one step and one probe, got ", o.steps, " and ", o.probes);
  const NoGrad guard;
  std::vector<Tensor> vectors;
  for (int64_t i = 0; i < o.probes; ++i)
    vectors.push_back(
        probes(Probe::rademacher, x.shape(), {.seed = o.seed, .stream = probes_stream, .call = uint32_t(i)}, o.first_image, DType::f32, x.device()));
  const Integrand integrand(process, denoiser, std::move(vectors));
  const Marginal first = process.marginal(process.first()), last = process.marginal(process.last());
  const auto [begin, h] = clock_of(process, o.steps);
  std::vector<double> integral(size_t(x.extent(0)));
  Tensor y = x / first.scale;
  for (int64_t i = 0; i < o.steps; ++i) {
    const double now = begin + double(i) * h, r = std::exp(now), r_middle = std::exp(now + 0.5 * h), r_next = std::exp(now + h);
    const Flow a = integrand.at(y, now), b = integrand.at(y + a.eps * (0.5 * h * r), now + 0.5 * h),
               c = integrand.at(y + b.eps * (0.5 * h * r_middle), now + 0.5 * h), d = integrand.at(y + c.eps * (h * r_middle), now + h);
    y = y + (a.eps * r + (b.eps + c.eps) * (2 * r_middle) + d.eps * r_next) * (h / 6);
    for (size_t k = 0; k < integral.size(); ++k)
      integral[k] += h / 6 * (r * a.trace[k] + 2 * r_middle * (b.trace[k] + c.trace[k]) + r_next * d.trace[k]);
  }
  std::vector<double> log_p = prior_log_density(y * last.scale, process.prior_deviation());
  const auto dimensions = double(x.shape().product(1, x.rank()));
  for (size_t k = 0; k < log_p.size(); ++k) log_p[k] += dimensions * std::log(last.scale / first.scale) + integral[k];
  return log_p;
}

std::vector<double> likelihood_bound(const NoiseProcess& process, const Denoiser& denoiser, const Tensor& x0, const LikelihoodOptions& o) {
  ITO_CHECK(o.steps >= 1, "a likelihood's bound needs at least one time, got ", o.steps);
  const NoGrad guard;
  const Marginal first = process.marginal(process.first()), last = process.marginal(process.last());
  const auto [begin, part] = clock_of(process, o.steps);
  const auto dimensions = double(x0.shape().product(1, x0.rank()));
  const double prior = process.prior_deviation();
  std::vector<double> bound = prior_log_density(x0 * last.scale, prior);
  for (double& b : bound) b += dimensions * (std::log(last.deviation / first.deviation) - 0.5 * last.deviation * last.deviation / (prior * prior));
  for (int64_t i = 0; i < o.steps; ++i) {
    const auto call = uint32_t(i);
    const double u = uniform_from({1}, {.seed = o.seed, .stream = bound_times, .call = call}, 0).to_vector<double>()[0];
    const double t = process.time_of_ratio(std::exp(begin + (double(i) + u) * part));
    const Marginal m = process.marginal(t);
    const Tensor eps =
        normal_from(x0.shape(), {.seed = o.seed, .stream = bound_noise, .call = call}, first_element(x0, o.first_image), DType::f32, x0.device());
    const std::vector<double> errors = each_sum(square(denoiser(x0 * m.scale + eps * m.deviation, t).eps - eps));
    for (size_t k = 0; k < bound.size(); ++k) bound[k] -= part * errors[k];
  }
  return bound;
}

Tensor dequantised(const Tensor& bytes, uint64_t seed, int64_t first_image) {
  const Tensor u = uniform_from(bytes.shape(), {.seed = seed, .stream = dequantisation}, first_element(bytes, first_image), -0.5, 0.5);
  return (cast(bytes, DType::f32) + u) / 127.5 - 1;
}

double bits_per_dimension(double log_density, int64_t dimensions) {
  return -log_density / (double(dimensions) * std::numbers::ln2) + std::log2(127.5);
}

}  // namespace ito
