// The variational bound of DDPM in its low-variance form (Ho et al. 2020, eq. 5), with index 0 for their t = 1:
//   -log p(x_0) <= L_T + sum_{t >= 1} L_t + L_0
//   L_T = KL(q(x_T | x_0) || N(0, I)),   L_t = E KL(q(x_{t-1} | x_t, x_0) || p(x_{t-1} | x_t)),   L_0 = E -log p(x_0 | x_1)
// where p(x_{t-1} | x_t) has the posterior's mean with the predicted x_0 in the place of x_0, and a variance that is fixed or learned.
#pragma once

#include <functional>

#include "diffusion/processes.h"
#include "tensor/random.h"

namespace ito {

// KL(N(mean1, exp(log_variance1)) || N(mean2, exp(log_variance2))), element by element, nats. Shapes broadcast; differentiable.
Tensor gaussian_kl(const Tensor& mean1, const Tensor& log_variance1, const Tensor& mean2, const Tensor& log_variance2);
double gaussian_kl(double mean1, double variance1, double mean2, double variance2);

// log P(x) for bytes as x in [-1, 1]: N(mean, exp(log_variance)) has as much mass between x - 1/255 and x + 1/255, beyond the outer bytes without
// end. Ho et al. 2020, eq. 13. Element by element, nats, f64; differentiable. Below 1e-12 the mass counts as 1e-12, without gradient, as in their
// code. The distribution function is exact (erf); Nichol & Dhariwal's code has 1/2 (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3))), off by up to 1.8e-4.
Tensor discretised_gaussian_log_likelihood(const Tensor& x, const Tensor& mean, const Tensor& log_variance);

// Fixed variances of p(x_{t-1} | x_t): the posterior's, beta-tilde, right for data of one point, or beta, right for data N(0, I). Ho et al. 2020,
// section 3.2.
enum class ReverseVariance { posterior, beta };
ReverseVariance reverse_variance_named(const std::string& name);  // "posterior" or "beta"; throws Error for others
// beta-tilde is 0 at t = 0; its logarithm there is that of t = 1, as in Ho et al.'s code.
double reverse_log_variance(const Ddpm& process, int64_t t, ReverseVariance variance);

// How L_0 reads p(x_0 | x_1): as the probability of a byte, or as a density, for data that are no bytes.
enum class Decoder { discretised, density };

// One value an image, at its own time: the term of the bound at t, in bits per dimension, (N) f64; differentiable in predicted_x0 and log_variance.
// x0, x (x_t) and predicted_x0: (N, ...); t (N) i64 on the cpu; log_variance broadcasts to x.
Tensor elbo_terms(const Ddpm& process, const Tensor& x0, const Tensor& x, const Tensor& t, const Tensor& predicted_x0, const Tensor& log_variance,
                  Decoder decoder = Decoder::discretised);

// What a model says of x_{t-1} given x_t: E[x_0 | x_t], and the logarithm of its own variance where it has one.
struct ReversePrediction {
  Tensor x0, log_variance = {};
};
using ReverseModel = std::function<ReversePrediction(const Tensor& x, int64_t t)>;

struct ElboOptions {
  ReverseVariance variance = ReverseVariance::posterior;  // for models without their own
  Decoder decoder = Decoder::discretised;
  Generator noise = {.stream = 200};  // x_t is drawn with call `noise.call + t`
  int64_t first_image = 0;            // image k of the noise meets the same random numbers in any batch
};

// Bits per dimension, means over the images.
struct Elbo {
  double prior = 0;           // L_T: no network can lower it
  std::vector<double> terms;  // [t]: L_t; [0]: L_0
  double total() const;
};
// x0 (N, ...): each image is seen once at every time.
Elbo elbo(const Ddpm& process, const ReverseModel& model, const Tensor& x0, const ElboOptions& options = {});

}  // namespace ito
