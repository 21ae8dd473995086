// The denoiser of points in the plane: a multilayer perceptron with residual blocks, of the size that tiny-diffusion has
// (github.com/tanelp/tiny-diffusion, ddpm.py): three blocks of width 128, the time by a sinusoidal embedding.
//   h = in(x, sin(f x), cos(f x)) + time2(silu(time1(embedding(t)))) + label      f geometric from 0.5 to 20, for each coordinate
//   h += down(silu(up(silu(h))))                                                  in each block
//   y = last(silu(h))                                                             last starts at 0
// Without the waves a network is slow to learn what is fine (Tancik et al. 2020): in 3,000 steps it blurs the 25 components of "gaussians", with them
// it tells them apart. Smooth, with derivatives of any order in x: implicit and sliced score matching take second ones, which waves make larger.
#pragma once

#include <optional>

#include "nn/layers.h"

namespace ito {

struct MlpOptions {
  int64_t channels = 2;  // of a point
  int64_t width = 128;   // even, at least 4
  int64_t blocks = 3;
  int64_t waves = 16;   // f a coordinate; 0: the coordinates alone
  int64_t classes = 0;  // 0: unconditional; else label `classes` stands for "no label" (classifier-free guidance)
  int64_t outputs = 0;  // coordinates of the result; 0: as many as a point has
};

// With the defaults 140,930 parameters: 8,576 of in, 2 x 16,512 of the time, 3 x 33,024 of the blocks, 258 of last.
class Mlp : public Module {
 public:
  Mlp(const MlpOptions& options, Generator& init);

  // x (N, 1, 1, channels), t (N) f32 from 0 to 1000, labels (N) i64 or undefined (no label) -> (N, 1, 1, outputs); else Error. bf16 goes through in
  // bf16. Nothing in it is random: the last argument makes it called like a U-Net.
  Tensor operator()(const Tensor& x, const Tensor& t, const Tensor& labels, Generator& random) const;
  const MlpOptions& options() const { return options_; }

 private:
  struct Block : Module {
    Linear up, down;
    Block(int64_t width, Generator& init);
    Tensor operator()(const Tensor& h) const;
  };

  Tensor seen(const Tensor& x) const;  // (N, 1, 1, channels) -> (N, channels (1 + 2 waves))

  MlpOptions options_;
  Linear in_, time1_, time2_;
  std::optional<Embedding> label_;
  ModuleList<Block> blocks_;
  Linear last_;
};

}  // namespace ito
