// Variances beta_1 ... beta_T of the forward process of DDPM, as tables in f64 (index 0 is beta_1), and what they leave of the data at the end.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ito {

// Where schedules with end points begin and end, for T = 1000. Ho et al. 2020, section 4.
struct BetaRange {
  double first = 1e-4, last = 0.02;
};

// Between the end points, with s = t/(T-1) from 0 to 1 and b(f) = first + (last - first) f:
//   linear      b(s)                                       Ho et al. 2020
//   powerP      b(s^P): power1.5, power2, power10, ...     Martinez Rojas 2023, section 5.1
//   sine, sineK b((1 + sin(2 pi K s - pi/2)) / 2), K waves  Martinez Rojas 2023 names it and gives no formula: this one is Ito's
//   quadratic   square of the line between the roots       "quad" of Ho et al.'s code
//   sigmoid     b(1 / (1 + exp(6 - 12 s)))                 Xu et al. 2022 (GeoDiff), their code
//   constant    last
//   warmup10    a line over the first tenth of the times, then last; warmup50: over the first half. Ho et al.'s code
// Both ends are multiplied by 1000/T (Nichol & Dhariwal 2021, their code), so that the noise in all is about the same for every T, and held to 0.999.
// The suffix -unscaled takes them as they are: "linear-unscaled" is what Martinez Rojas 2023 has at T = 300.
//
// Without end points:
//   cosine      alpha-bar(t) = cos^2((t/T + 0.008)/1.008 pi/2), beta_t = min(1 - alpha-bar(t)/alpha-bar(t-1), 0.999) (Nichol & Dhariwal 2021, eq. 17)
//   laplace     alpha-bar(t) = 1/(1 + exp(-l)), l = -sign(1/2 - u) log(1 - |1 - 2u| + 1e-6) / 2, u = t/T; beta_t as above. Hang et al. 2024
//   jsd         1/T, 1/(T-1), ..., 1 (Sohl-Dickstein et al. 2015, section 2.4.1): the last beta is 1
//
// The suffix -zero-snr rescales the table as below. Suffixes may be combined: "power2-unscaled-zero-snr".
// Throws Error for another name, naming those there are, for end points outside (0, 1), and for T < 1.
std::vector<double> beta_schedule(const std::string& name, int64_t steps, const BetaRange& range = {});

// The same first alpha-bar, and a last one of 0: sqrt(alpha-bar) shifted and stretched. The last beta becomes 1.
// Lin et al. 2024 (arXiv 2305.08891), algorithm 1. Throws Error for fewer than two steps.
std::vector<double> rescale_zero_terminal_snr(const std::vector<double>& betas);

// alpha-bar: the products of 1 - beta up to each time.
std::vector<double> alphas_cumprod(const std::vector<double>& betas);

// sqrt(alpha-bar_T): the share of the data's amplitude that is left in x_T. Sampling starts as if it were 0.
double terminal_signal(const std::vector<double>& betas);

// L_T = KL(q(x_T | x_0) || N(0, 1)) = (alpha-bar_T (x_0^2 - 1) - log(1 - alpha-bar_T)) / 2, of one dimension; for x_0^2 its mean over the data.
struct PriorKl {
  double nats, bits;
};
PriorKl prior_kl(const std::vector<double>& betas, double x0_squared = 1);

// Whether x_T may pass for noise: terminal_signal <= 1/32. The mean of 32 x 32 pixels has noise of deviation 1/32, so that even the brightness of a
// small picture of one colour is below it. Ho et al.'s linear schedule leaves 0.006; 0.068 is known to make every sample of medium brightness
// (Lin et al. 2024, table 1).
constexpr double largest_terminal_signal = 1.0 / 32;
bool reaches_prior(const std::vector<double>& betas);

}  // namespace ito
