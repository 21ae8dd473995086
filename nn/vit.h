// Vision transformers as denoisers: ViT (Dosovitskiy et al. 2021) with the time as a token, and U-ViT (Bao et al. 2022, "All are Worth Words"), which
// joins each block of the first half to one of the second as a U-Net does.
//   tokens   h = [time, label, patches] + position
//   block    h += out(attention(qkv(LN h)));  h += down(gelu(up(LN h)))
//   U-ViT    depth/2 blocks, one in the middle, depth/2 blocks that start with  h = skip([h, what went out of their partner])
//   output   conv3x3(pixels of (head(LN h) without the extra tokens))
#pragma once

#include <optional>

#include "nn/layers.h"

namespace ito {

struct ViTOptions {
  int64_t channels = 1;    // of the images
  int64_t size = 32;       // height and width of the images
  int64_t patch = 4;       // a token stands for patch x patch pixels
  int64_t dim = 128;       // of a token
  int64_t depth = 4;       // blocks; with long skips even, and one more in the middle
  int64_t heads = 4;       // of the attention
  int64_t mlp_ratio = 4;   // hidden units of a block's second half, in multiples of dim
  int64_t classes = 0;     // 0: unconditional; else label `classes` stands for "no label" (classifier-free guidance)
  bool long_skips = true;  // U-ViT; false: ViT
  int64_t outputs = 0;     // channels of the result; 0: as many as the images have
};

// Pre-norm: h += out(attention(qkv(norm1(h)))), h += down(gelu(up(norm2(h)))), with the linear map of a long skip before where there is one.
struct TransformerBlock : Module {
  std::optional<Linear> skip;  // (2 dim) -> (dim)
  LayerNorm norm1, norm2;
  Linear qkv, out, up, down;  // qkv without bias
  int64_t heads;
  TransformerBlock(const ViTOptions& options, bool with_skip, Generator& init);
  // (N, T, dim) -> (N, T, dim); `partner`, of the same shape, where there is a skip, else undefined.
  Tensor operator()(const Tensor& x, const Tensor& partner) const;
};

// Weights of linear layers and positions start from N(0, 0.02^2) (the authors' trunc_normal_ cuts at 100 deviations), biases at 0, norms at 1 and 0;
// the patch embedding and the last convolution, convolutions there, as in layers.h.
class ViT : public Module {
 public:
  ViT(const ViTOptions& options, Generator& init);

  // x (N, size, size, channels), t (N) f32 from 0 to 1000, labels (N) i64 or undefined (no label) -> (N, size, size, outputs).
  // Images of bf16 go through in bf16.
  Tensor operator()(const Tensor& x, const Tensor& t, const Tensor& labels = {}) const;
  const ViTOptions& options() const { return options_; }

 private:
  Tensor tokens(const Tensor& images, const Tensor& t, const Tensor& labels) const;

  ViTOptions options_;
  int64_t extra_;  // tokens before those of the patches
  Linear patch_;   // a convolution with kernel and stride `patch`
  Tensor position_;
  std::optional<Embedding> label_;
  ModuleList<TransformerBlock> blocks_;
  LayerNorm norm_;
  Linear head_;
  Conv2d last_;
};

}  // namespace ito
