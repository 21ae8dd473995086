// The U-Net of DDPM (Ho et al. 2020, appendix B; their code): residual blocks with the time added between two convolutions, self-attention at chosen
// levels and in the middle, every block's output on the way down joined in on the way up.
#pragma once

#include <optional>

#include "nn/layers.h"

namespace ito {

struct UNetOptions {
  int64_t channels = 1;                          // of the images
  int64_t base = 64;                             // channels of the first level
  std::vector<int64_t> multipliers = {1, 2, 2};  // of base, one a level; each level halves the image
  int64_t blocks = 2;                            // residual blocks a level on the way down; one more on the way up
  std::vector<int64_t> attention = {1};          // levels with self-attention after each block, counted from 0
  int64_t heads = 1;
  double dropout = 0;
  int64_t classes = 0;     // 0: unconditional; else label `classes` stands for "no label" (classifier-free guidance)
  bool recompute = false;  // blocks keep their inputs alone and run again in the backward pass: less memory, one forward pass more
  int64_t patch = 1;       // squares of patch x patch pixels become channels first: patch^2 times less work, coarser
  int64_t outputs = 0;     // channels of the result; 0: as many as the images have
};

// x + conv(dropout(silu(norm(conv(silu(norm(x))) + linear(silu(time))))))
struct ResidualBlock : Module {
  GroupNorm norm1, norm2;
  Conv2d conv1, conv2;
  Linear time;
  Dropout dropout;
  std::optional<Conv2d> skip;  // 1x1, where the number of channels changes
  ResidualBlock(int64_t in, int64_t out, int64_t time_channels, double dropout, Generator& init);
  Tensor operator()(const Tensor& x, const Tensor& time, Generator& random) const;
};

// x + out(attention(qkv(norm(x)))) over all pixels.
struct AttentionBlock : Module {
  GroupNorm norm;
  Linear qkv, out;
  int64_t heads;
  AttentionBlock(int64_t channels, int64_t heads, Generator& init);
  Tensor operator()(const Tensor& x) const;
};

class UNet : public Module {
 public:
  UNet(const UNetOptions& options, Generator& init);

  // x (N, H, W, channels), t (N) f32 from 0 to 1000, labels (N) i64 or undefined (no label) -> (N, H, W, outputs). H and W must be multiples of
  // patch 2^(levels - 1), else Error. Images of bf16 go through in bf16. `random` feeds dropout.
  Tensor operator()(const Tensor& x, const Tensor& t, const Tensor& labels, Generator& random) const;
  const UNetOptions& options() const { return options_; }

 private:
  // A block, attention where the level has it, then perhaps a change of size; or a change of size alone. What comes in is in parts, which are joined.
  struct Step : Module {
    std::optional<ResidualBlock> block;
    std::optional<AttentionBlock> attention;
    std::optional<Conv2d> down, up;
    Tensor operator()(const Tensors& parts, const Tensor& time, Generator& random) const;
    void add_block(int64_t in, int64_t out, bool with_attention, const UNetOptions& o, int64_t time_channels, Generator& init);
    void add_down(int64_t channels, Generator& init);
    void add_up(int64_t channels, Generator& init);
  };
  Tensor run(const Step& step, const Tensors& parts, const Tensor& time, Generator& random) const;
  Tensor embed(const Tensor& t, const Tensor& labels) const;
  void build_down(int64_t& channels, std::vector<int64_t>& skips, Generator& init);
  void build_up(int64_t& channels, std::vector<int64_t>& skips, Generator& init);
  bool has_attention(size_t level) const;

  UNetOptions options_;
  int64_t time_channels_;
  Linear time1_, time2_;
  std::optional<Embedding> label_;
  Conv2d first_;
  ModuleList<Step> down_, up_;
  std::optional<ResidualBlock> middle1_, middle2_;
  std::optional<AttentionBlock> middle_attention_;
  std::optional<GroupNorm> norm_;
  std::optional<Conv2d> last_;
};

// (N, H, W, C) -> (N, H/p, W/p, p p C) and back.
Tensor space_to_depth(const Tensor& x, int64_t patch);
Tensor depth_to_space(const Tensor& x, int64_t patch);

}  // namespace ito
