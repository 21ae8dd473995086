#include "nn/siren.h"

#include <cmath>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/reshape.h"
#include "autograd/ops/unary.h"
#include "nn/layers.h"

namespace ito {

namespace {

// x W^T + b, with W and b for all signals or one for each. As long as neither differs between signals, neither does the result.
Tensor affine(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  if (weight.rank() == 2 && bias.rank() == 1) return linear(x, weight, bias);
  const Tensor y = weight.rank() == 2 ? linear(x, weight) : matmul(x, weight, {.transpose_b = true});
  return y + (bias.rank() == 1 ? bias : reshape(bias, {bias.extent(0), 1, bias.extent(1)}));
}

void check_parameters(const Tensor& x, const Tensors& parameters) {
  ITO_CHECK(parameters.size() >= 4 && parameters.size() % 2 == 0, "SIREN: expected a weight and a bias for each of at least two layers, got ",
            parameters.size(), " tensors");
  ITO_CHECK(x.rank() >= 1, "SIREN: expected coordinates (..., in), got a number");
  int64_t in = x.extent(-1), signals = 0;
  for (size_t i = 0; i < parameters.size(); i += 2) {
    const Tensor &w = parameters[i], &b = parameters[i + 1];
    ITO_CHECK((w.rank() == 2 || w.rank() == 3) && (b.rank() == 1 || b.rank() == 2) && w.extent(-1) == in && b.extent(-1) == w.extent(-2),
              "SIREN: layer ", i / 2 + 1, " has weight ", w.shape(), " and bias ", b.shape(), " for ", in, " inputs");
    for (const int64_t leading : {w.rank() == 3 ? w.extent(0) : 0, b.rank() == 2 ? b.extent(0) : 0}) {
      ITO_CHECK(leading == 0 || signals == 0 || leading == signals, "SIREN: parameters for ", signals, " and for ", leading, " signals");
      signals = std::max(signals, leading);
    }
    in = w.extent(-2);
  }
  ITO_CHECK(signals == 0 || x.rank() == 2 || (x.rank() == 3 && x.extent(0) == signals), "SIREN: with parameters for ", signals,
            " signals, coordinates are (N, in) or (", signals, ", N, in), got ", x.shape());
}

SirenOptions checked(const SirenOptions& o) {
  ITO_CHECK(o.in >= 1 && o.out >= 1 && o.width >= 1 && o.depth >= 1 && o.w0 > 0,
            "SIREN: in, out, width and depth must be at least 1 and w0 positive, got ", o.in, ", ", o.out, ", ", o.width, ", ", o.depth, " and ",
            o.w0);
  return o;
}

}  // namespace

Tensor siren(const Tensor& coordinates, const Tensors& parameters, double w0) {
  check_parameters(coordinates, parameters);
  const size_t last = parameters.size() - 2;
  Tensor h = coordinates;
  // w0 goes into the weights, which are smaller than what they make of a thousand points.
  for (size_t i = 0; i < last; i += 2) h = sin(affine(h, matched(parameters[i] * w0, h), matched(parameters[i + 1] * w0, h)));
  return affine(h, matched(parameters[last], h), matched(parameters[last + 1], h));
}

Siren::Layer::Layer(int64_t in, int64_t out, double bound, Generator& init)
    : weight(uniform({out, in}, init, -bound, bound)), bias(uniform({out}, init, -1 / std::sqrt(double(in)), 1 / std::sqrt(double(in)))) {
  add_parameter("weight", weight);
  add_parameter("bias", bias);
}

Siren::Siren(const SirenOptions& o, Generator& init) : options_(checked(o)) {
  const double bound = std::sqrt(6 / double(o.width)) / o.w0;
  layers_.emplace(o.in, o.width, 1 / double(o.in), init);
  for (int64_t i = 1; i < o.depth; ++i) layers_.emplace(o.width, o.width, bound, init);
  layers_.emplace(o.width, o.out, bound, init);
  add("layers", layers_);
}

Tensors Siren::weights() const {
  Tensors list;
  for (size_t i = 0; i < layers_.size(); ++i) {
    list.push_back(layers_[i].weight);
    list.push_back(layers_[i].bias);
  }
  return list;
}

Tensor grid_coordinates(int64_t height, int64_t width) {
  ITO_CHECK(height >= 1 && width >= 1, "grid_coordinates: a grid of ", height, " x ", width, " has no points");
  Tensor grid = Tensor::empty({height * width, 2});
  float* out = grid.data<float>();
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x) {
      *out++ = float(2 * y + 1) / float(height) - 1;
      *out++ = float(2 * x + 1) / float(width) - 1;
    }
  return grid;
}

}  // namespace ito
