// ito schedule, ito strip: what a noise schedule does to data, as numbers and as pictures.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sstream>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/concat.h"
#include "cli/commands.h"
#include "cli/sampling.h"
#include "cli/schedule.h"
#include "data/plot.h"
#include "data/png.h"
#include "diffusion/schedule.h"

namespace ito::cli {

std::string prior_warning(const std::string& name, const std::vector<double>& betas) {
  if (reaches_prior(betas)) return "";
  char out[400];
  std::snprintf(
      out, sizeof out,
      "warning: the prior is not reached: x_T keeps %.3g %% of the data's amplitude (at most %.3g %% is safe), and sampling starts from noise "
      "alone;\n         use %s-zero-snr, or another schedule\n",
      100 * terminal_signal(betas), 100 * largest_terminal_signal, name.c_str());
  return out;
}

namespace {

constexpr int64_t most_steps = 1000000;

void print_table(const std::string& name, const std::vector<double>& betas, double x0) {
  const std::vector<double> left = alphas_cumprod(betas);
  const auto steps = int64_t(betas.size());
  std::printf("%s, %ld steps\n%8s %11s %11s %11s\n", name.c_str(), long(steps), "t", "beta", "alpha-bar", "SNR");
  int64_t shown = 0;
  for (const int64_t part : {0, 1, 2, 4, 6, 8, 9, 10}) {
    const int64_t t = std::max<int64_t>(1, steps * part / 10);
    if (t == shown) continue;
    shown = t;
    const double a = left[size_t(t - 1)];
    std::printf("%8ld %11.4g %11.4g %11.4g\n", long(t), betas[size_t(t - 1)], a, a / (1 - a));
  }
  const PriorKl kl = prior_kl(betas, x0 * x0);
  std::printf("sqrt(alpha-bar_T) = %.4g, KL to the prior = %.4g nats = %.4g bits per dimension\n", terminal_signal(betas), kl.nats, kl.bits);
  std::fputs(prior_warning(name, betas).c_str(), stdout);
  std::printf("\n");
}

std::vector<double> table(const std::string& name, int64_t steps, const BetaRange& range = {}) {
  ITO_CHECK(steps <= most_steps, "--steps can be ", most_steps, " at most, got ", steps);
  return beta_schedule(name, steps, range);
}

}  // namespace

std::array<uint8_t, 3> curve_colour(size_t index) {
  constexpr std::array<std::array<uint8_t, 3>, 8> colours{
      {{31, 119, 180}, {214, 39, 40}, {44, 160, 44}, {148, 103, 189}, {255, 127, 14}, {23, 190, 207}, {140, 86, 75}, {127, 127, 127}}};
  return colours[index % colours.size()];
}

Tensor schedule_plot(const std::vector<std::string>& names, const std::vector<std::vector<double>>& tables) {
  std::vector<Curve> signal, noise;
  double lowest_peak = 1, highest_peak = 0;
  for (size_t i = 0; i < tables.size(); ++i) {
    const auto curve = [&](const std::vector<double>& values, const std::string& name) {
      Curve out{.x = {}, .y = values, .colour = curve_colour(i), .name = name};
      for (size_t t = 0; t < values.size(); ++t) out.x.push_back(double(t + 1));
      return out;
    };
    signal.push_back(curve(alphas_cumprod(tables[i]), names[i]));
    noise.push_back(curve(tables[i], ""));
    const double peak = *std::max_element(tables[i].begin(), tables[i].end());
    lowest_peak = std::min(lowest_peak, peak);
    highest_peak = std::max(highest_peak, peak);
  }
  const bool log_beta = highest_peak > 5 * lowest_peak;  // cosine's last betas are fifty times those of linear
  return concat({plot(signal, {.title = "alpha-bar", .x_label = "t"}), plot(noise, {.title = "beta", .x_label = "t", .log_y = log_beta})}, 0);
}

void show_schedules(const ScheduleArguments& o) {
  ITO_CHECK(std::isfinite(o.x0) && o.x0 >= 0, "--x0 must be at least 0, got ", o.x0);
  if (!o.out.empty()) check_writable(o.out);
  std::vector<std::vector<double>> tables;
  for (const std::string& name : o.names) tables.push_back(table(name, o.steps, {o.first, o.last}));
  for (size_t i = 0; i < tables.size(); ++i) print_table(o.names[i], tables[i], o.x0);
  if (o.out.empty()) return;
  write_png(o.out, schedule_plot(o.names, tables));
  std::printf("%s: alpha-bar and beta of %zu schedule%s\n", o.out.c_str(), o.names.size(), o.names.size() == 1 ? "" : "s");
}

void noise_strip(const StripArguments& o) {
  ITO_CHECK(o.steps >= 1, "--steps must be at least 1, got ", o.steps);
  ITO_CHECK(o.frames >= 2 && o.frames <= o.steps + 1 && o.frames <= 1000, "--frames must be 2 to ", std::min<int64_t>(o.steps + 1, 1000), ", got ",
            o.frames);
  check_writable(o.out);
  std::vector<std::string> names;
  std::istringstream words(o.schedules);
  for (std::string name; std::getline(words, name, ',');) names.push_back(name);
  ITO_CHECK(!names.empty(), "--schedule names no schedule");
  std::vector<std::vector<double>> left;  // alpha-bar; [0] is that of the image
  for (const std::string& name : names) {
    left.push_back(alphas_cumprod(table(name, o.steps)));
    left.back().insert(left.back().begin(), 1.0);
  }

  const Tensor image = unit_range(read_png(o.image)), noise = normal_from(image.shape(), {.seed = o.seed}, 0);
  const int64_t height = image.extent(0), width = image.extent(1);
  Tensors frames;
  for (const std::vector<double>& a : left)
    for (int64_t frame = 0; frame < o.frames; ++frame) {
      const double kept = a[size_t(std::llround(double(frame * o.steps) / double(o.frames - 1)))];
      frames.push_back(to_bytes((image * std::sqrt(kept) + noise * std::sqrt(1 - kept)).view({1, height, width, image.extent(2)})));
    }
  const int64_t zoom = std::clamp<int64_t>(64 / std::max(height, width), 1, 8);
  write_png(o.out, image_grid(concat(frames, 0), {.columns = o.frames, .zoom = zoom}));
  std::printf("%s: times 0 to %ld in %ld frames; rows from the top:", o.out.c_str(), long(o.steps), long(o.frames));
  for (const std::string& name : names) std::printf(" %s", name.c_str());
  std::printf("\n");
}

}  // namespace ito::cli
