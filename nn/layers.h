// Layers with parameters. Weights start as in PyTorch: U(-1/sqrt(fan_in), 1/sqrt(fan_in)), norms at 1 and 0; a network may set them otherwise.
// Parameters are f32; given bf16, a layer rounds its own and answers in bf16 (mixed precision, Micikevicius et al. 2018: the f32 parameters are the
// master weights, and sums inside kernels are f32).
#pragma once

#include "autograd/ops/conv2d.h"
#include "nn/module.h"
#include "tensor/random.h"

namespace ito {

// A parameter as x meets it: rounded when x is bf16.
Tensor matched(const Tensor& parameter, const Tensor& x);

// x W^T + b: (..., in) -> (..., out).
struct Linear : Module {
  Tensor weight, bias;
  Linear(int64_t in, int64_t out, Generator& init, bool with_bias = true);
  Tensor operator()(const Tensor& x) const;
};

struct Conv2dLayout {
  int64_t kernel = 3, stride = 1, padding = 1, groups = 1;
  bool bias = true;
};

// (N, H, W, in) -> (N, Ho, Wo, out).
struct Conv2d : Module {
  Tensor weight, bias;
  Conv2dOptions options;
  Conv2d(int64_t in, int64_t out, Generator& init, const Conv2dLayout& layout = {});
  Tensor operator()(const Tensor& x) const;
};

struct ConvTranspose2d : Module {
  Tensor weight, bias;
  ConvTranspose2dOptions options;
  ConvTranspose2d(int64_t in, int64_t out, Generator& init, const Conv2dLayout& layout = {.kernel = 4, .stride = 2, .padding = 1});
  Tensor operator()(const Tensor& x) const;
};

// The largest number of groups up to 32 that divides the channels.
int64_t group_count(int64_t channels);

struct GroupNorm : Module {
  Tensor weight, bias;
  int64_t groups;
  explicit GroupNorm(int64_t channels, int64_t groups = 0);  // 0: group_count(channels)
  Tensor operator()(const Tensor& x) const;
  Tensor silu(const Tensor& x) const;  // SiLU after the norm, in one pass
};

struct LayerNorm : Module {
  Tensor weight, bias;
  explicit LayerNorm(int64_t channels);
  Tensor operator()(const Tensor& x) const;
};

// Batch statistics in training, when running ones are kept: r = (1 - momentum) r + momentum batch's (variance unbiased); these in use.
struct BatchNorm : Module {
  Tensor weight, bias, running_mean, running_variance;
  double momentum = 0.1;
  explicit BatchNorm(int64_t channels);
  Tensor operator()(const Tensor& x) const;
};

// Nothing when not in training.
struct Dropout : Module {
  double p;
  explicit Dropout(double probability) : p(probability) {}
  Tensor operator()(const Tensor& x, Generator& generator) const;
};

// Rows of a table, N(0, 1) at first.
struct Embedding : Module {
  Tensor weight;
  Embedding(int64_t count, int64_t channels, Generator& init);
  Tensor operator()(const Tensor& index) const;
};

// Vaswani et al. 2017, section 3.2.2: projections of q, k, v, attention in heads, projection of the result. (N, T, C) -> (N, T, C).
struct MultiHeadAttention : Module {
  Linear q, k, v, out;
  int64_t heads;
  MultiHeadAttention(int64_t channels, int64_t num_heads, Generator& init);
  Tensor operator()(const Tensor& query, const Tensor& key, const Tensor& value, bool causal = false) const;
};

}  // namespace ito
