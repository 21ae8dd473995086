#include "diffusion/learned_variance.h"

#include "autograd/ops/slice.h"
#include "diffusion/per_image.h"

namespace ito {

MeanAndRange split_mean_and_range(const Tensor& output) {
  const int64_t channels = output.extent(-1);
  ITO_CHECK(channels % 2 == 0, "a learned variance needs two outputs a channel, got ", channels, " in all");
  const Tensors halves = split(output, {channels / 2, channels / 2}, -1);
  return {halves[0], halves[1]};
}

Tensor learned_log_variance(const Ddpm& process, const Tensor& v, const Tensor& t) {
  const auto bound = [&](ReverseVariance which) {
    return per_image(t, v.rank(), v.device(), [&](int64_t i) { return reverse_log_variance(process, i, which); });
  };
  const Tensor low = bound(ReverseVariance::posterior), high = bound(ReverseVariance::beta);
  return between(low, high, v);
}

Tensor vlb_loss(const Ddpm& process, const Tensor& x0, const Tensor& x, const Tensor& t, const Tensor& predicted_x0, const Tensor& v,
                Decoder decoder) {
  return elbo_terms(process, x0, x, t, predicted_x0.detach(), learned_log_variance(process, v, t), decoder) * double(process.steps());
}

Tensor hybrid_loss(const Tensor& simple, const Tensor& vlb, double lambda) { return cast(simple, DType::f64) + vlb * lambda; }

}  // namespace ito
