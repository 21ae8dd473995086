#include "diffusion/elbo.h"

#include <cmath>
#include <numbers>
#include <numeric>

#include "autograd/graph.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/compare.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/unary.h"
#include "diffusion/per_image.h"

namespace ito {

namespace {

const double log_2pi = std::log(2 * std::numbers::pi);

Tensor wide(const Tensor& x) { return cast(x, DType::f64); }

// Mean over all but the images, in bits.
Tensor bits_per_dimension(const Tensor& nats) {
  std::vector<int> axes;
  for (int axis = 1; axis < nats.rank(); ++axis) axes.push_back(axis);
  return (axes.empty() ? nats : mean(nats, {axes})) / std::numbers::ln2;
}

}  // namespace

Tensor gaussian_kl(const Tensor& mean1, const Tensor& log_variance1, const Tensor& mean2, const Tensor& log_variance2) {
  return (log_variance2 - log_variance1 + exp(log_variance1 - log_variance2) + square(mean1 - mean2) * exp(-log_variance2) - 1.0) * 0.5;
}

double gaussian_kl(double mean1, double variance1, double mean2, double variance2) {
  return (std::log(variance2 / variance1) + (variance1 + (mean1 - mean2) * (mean1 - mean2)) / variance2 - 1) / 2;
}

Tensor discretised_gaussian_log_likelihood(const Tensor& x, const Tensor& mean, const Tensor& log_variance) {
  const Tensor data = wide(x), centre = data - wide(mean), inverse_deviation = exp(wide(log_variance) * -0.5);
  const auto mass_below = [&](double edge) { return (erf((centre + edge) * inverse_deviation * std::numbers::sqrt2 / 2) + 1.0) * 0.5; };
  const Tensor below = mass_below(-1.0 / 255), through = mass_below(1.0 / 255);
  const auto number = [&](double value) { return Tensor::scalar(value, DType::f64, data.device()); };
  const Tensor lower = where(less(data, number(-0.999)), number(0), below), upper = where(greater(data, number(0.999)), number(1), through);
  return log(maximum(upper - lower, number(1e-12)));
}

ReverseVariance reverse_variance_named(const std::string& name) {
  if (name == "posterior") return ReverseVariance::posterior;
  if (name == "beta") return ReverseVariance::beta;
  fail("no reverse variance '", name, "'; there are: posterior beta");
}

double reverse_log_variance(const Ddpm& process, int64_t t, ReverseVariance variance) {
  if (variance == ReverseVariance::beta || process.steps() == 1) return std::log(process.beta(t));
  return std::log(process.posterior(std::max<int64_t>(t, 1)).variance);
}

Tensor elbo_terms(const Ddpm& process, const Tensor& x0, const Tensor& x, const Tensor& t, const Tensor& predicted_x0, const Tensor& log_variance,
                  Decoder decoder) {
  const auto each = [&](const auto& value) { return per_image(t, x.rank(), x.device(), value); };
  const Tensor x0_weight = each([&](int64_t i) { return process.posterior(i).x0_weight; });
  const Tensor xt_weight = each([&](int64_t i) { return process.posterior(i).xt_weight; });
  const Tensor truth = each([&](int64_t i) { return reverse_log_variance(process, i, ReverseVariance::posterior); });
  const Tensor data = wide(x0), noisy = wide(x), spread = wide(log_variance);
  const Tensor mean = wide(predicted_x0) * x0_weight + noisy * xt_weight;
  const Tensor kl = gaussian_kl(data * x0_weight + noisy * xt_weight, truth, mean, spread);
  const Tensor reconstruction = decoder == Decoder::discretised ? -discretised_gaussian_log_likelihood(data, mean, spread)
                                                                : (square(data - mean) * exp(-spread) + spread + log_2pi) * 0.5;
  const Tensor first = each([](int64_t i) { return i == 0 ? 1.0 : 0.0; });
  return bits_per_dimension(where(greater(first, Tensor::zeros_like(first)), reconstruction, kl));
}

double Elbo::total() const { return std::accumulate(terms.begin(), terms.end(), prior); }

Elbo elbo(const Ddpm& process, const ReverseModel& model, const Tensor& x0, const ElboOptions& o) {
  const NoGrad guard;
  Elbo out;
  const Marginal last = process.marginal(process.steps() - 1);
  const double x0_size = std::sqrt(mean(square(wide(x0))).item());
  out.prior = gaussian_kl(last.scale * x0_size, last.deviation * last.deviation, 0, 1) / std::numbers::ln2;
  const int64_t first = o.first_image * x0.shape().product(1, x0.rank());
  for (int64_t t = 0; t < process.steps(); ++t) {
    Generator noise = o.noise;
    noise.call += uint32_t(t);
    const Marginal m = process.marginal(t);
    const Tensor x = x0 * m.scale + normal_from(x0.shape(), noise, first, x0.dtype(), x0.device()) * m.deviation;
    const ReversePrediction p = model(x, t);
    const Tensor log_variance =
        p.log_variance.defined() ? p.log_variance : Tensor::scalar(reverse_log_variance(process, t, o.variance), DType::f64, x0.device());
    const Tensor times = Tensor::full({x0.extent(0)}, double(t), DType::i64);
    out.terms.push_back(mean(elbo_terms(process, x0, x, times, p.x0, log_variance, o.decoder)).item());
  }
  return out;
}

}  // namespace ito
