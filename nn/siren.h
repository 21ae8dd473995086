// SIREN (Sitzmann et al. 2020, "Implicit Neural Representations with Periodic Activation Functions"): a signal as a function of its coordinates.
//   h_0 = x,   h_i = sin(w0 (W_i h_{i-1} + b_i)) for i = 1 ... depth,   y = W_{depth+1} h_depth + b_{depth+1}
// Weights start as in section 3.2 of the paper: U(-1/in, 1/in) in the first layer, U(-sqrt(6/n)/w0, sqrt(6/n)/w0) for n inputs in the others, so that
// w0 W h is close to N(0, 1) in every layer; biases are U(-1/sqrt(n), 1/sqrt(n)), as in the authors' code.
#pragma once

#include "nn/module.h"
#include "tensor/random.h"

namespace ito {

struct SirenOptions {
  int64_t in = 2;       // coordinates of a point
  int64_t out = 1;      // values at a point
  int64_t width = 128;  // of the hidden layers
  int64_t depth = 8;    // hidden layers, at least 1
  double w0 = 30;       // of every hidden layer
};

// The network with given parameters W_1, b_1, ..., W_{depth+1}, b_{depth+1}: W_i (out, in), b_i (out). A parameter may have a leading axis B, one
// value for each of B signals (weights after steps of their own, or biases alone: Dupont et al. 2022, "functa", shift modulations); then coordinates
// are (B, N, in), or (N, in) for all signals, and the result is (B, N, out). With parameters for all: (..., in) -> (..., out). Differentiable to any
// order in all of them. Coordinates of bf16 go through in bf16.
Tensor siren(const Tensor& coordinates, const Tensors& parameters, double w0 = 30);

class Siren : public Module {
 public:
  Siren(const SirenOptions& options, Generator& init);
  // (..., in) -> (..., out).
  Tensor operator()(const Tensor& coordinates) const { return siren(coordinates, weights(), options_.w0); }
  // The parameters in the order of siren().
  Tensors weights() const;
  const SirenOptions& options() const { return options_; }

 private:
  struct Layer : Module {
    Tensor weight, bias;
    Layer(int64_t in, int64_t out, double bound, Generator& init);
  };
  SirenOptions options_;
  ModuleList<Layer> layers_;
};

// The points of a height x width grid over [-1, 1]^2, row by row: (height width, 2), row coordinate first. Pixel centres: (2 i + 1) / n - 1.
Tensor grid_coordinates(int64_t height, int64_t width);

}  // namespace ito
