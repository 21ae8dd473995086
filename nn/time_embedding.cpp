#include "nn/time_embedding.h"

#include <cmath>
#include <numbers>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/concat.h"
#include "autograd/ops/reshape.h"
#include "autograd/ops/unary.h"

namespace ito {

namespace {
// [sin(t f), cos(t f)]
Tensor waves(const Tensor& t, const Tensor& frequencies) {
  const Tensor angle = reshape(t, {t.extent(0), 1}) * frequencies;
  return concat({sin(angle), cos(angle)}, 1);
}
}  // namespace

Tensor sinusoidal_embedding(const Tensor& t, int64_t channels) {
  ITO_CHECK(t.rank() == 1 && channels >= 4 && channels % 2 == 0,
            "sinusoidal_embedding: expected times (N) and an even number of channels from 4 on, got ", t.shape(), " and ", channels);
  const int64_t half = channels / 2;
  const Tensor frequencies = Tensor::empty({half}, t.dtype());
  dispatch<float, double>(t.dtype(), "sinusoidal_embedding", [&]<class T>() {
    for (int64_t i = 0; i < half; ++i) frequencies.data<T>()[i] = T(std::exp(-std::log(10000.0) * double(i) / double(half - 1)));
  });
  return waves(t, frequencies.to(t.device()));
}

GaussianFourierEmbedding::GaussianFourierEmbedding(int64_t channels, Generator& init, double scale)
    : frequencies(normal({channels / 2}, init) * scale) {
  ITO_CHECK(channels % 2 == 0, "GaussianFourierEmbedding: an even number of channels, got ", channels);
  add_buffer("frequencies", frequencies);
}

Tensor GaussianFourierEmbedding::operator()(const Tensor& t) const { return waves(t, frequencies * (2 * std::numbers::pi)); }

}  // namespace ito
