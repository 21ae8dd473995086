// The score network of NCSN (Song & Ermon 2019, appendix A; their code, models/cond_refinenet_dilated.py): a RefineNet (Lin et al. 2017) in which
// every norm knows the noise level, smaller by default.
//   norm     z_k = gamma[i,k] (x_k - mu_k) / s_k + beta[i,k] + alpha[i,k] (mu_k - m) / v        conditional instance norm++, level i, channel k
//            mu_k, s_k over the pixels of a channel; m, v mean and deviation of the mu_k over the channels of an image
//   stages   two residual blocks each at base, 2 base, 2 base, 2 base channels; the second stage halves the image, the third and the fourth dilate
//            their convolutions by 2 and by 4 instead
//   refine   from the last stage to the first: units x + conv(elu(norm(conv(elu(norm x))))) of each input, the sum of both, resized (fusion), chained
//            pooling h += conv(pool5(norm(.))), and units again
#pragma once

#include <optional>

#include "nn/layers.h"

namespace ito {

struct RefineNetOptions {
  int64_t channels = 1;  // of the images
  int64_t base = 16;     // channels of the first stage; 64 in NCSN for MNIST, 128 for CIFAR-10
  int64_t levels = 10;   // of noise
  int64_t units = 1;     // residual units at the entry of a refinement; 2 in NCSN. One more at the end of the last
  int64_t patch = 1;     // squares of patch x patch pixels become channels first: patch^2 times less work, coarser
};

// A (levels, 3 channels) table of gamma, alpha ~ N(1, 0.02^2) and beta = 0.
struct ConditionalNorm : Module {
  Tensor weight;
  ConditionalNorm(int64_t channels, int64_t levels, Generator& init);
  Tensor operator()(const Tensor& x, const Tensor& level) const;  // x (N, H, W, C), level (N) i64
};

class RefineNet : public Module {
 public:
  RefineNet(const RefineNetOptions& options, Generator& init);

  // x (N, H, W, channels) with sides that are multiples of 2 patch, t (N) f32: the number of the noise level, 0 to levels - 1; no labels -> the score
  // (N, H, W, channels), as the last convolution gives it: not divided by the level's deviation (as from NCSNv2 on). Anything else: Error. NCSN's
  // images lie in [0, 1] and are brought to [-1, 1] inside; here they come so. bf16 goes through in bf16. The last argument makes it called like a
  // U-Net; nothing here is random.
  Tensor operator()(const Tensor& x, const Tensor& t, const Tensor& labels, Generator& random) const;
  const RefineNetOptions& options() const { return options_; }

 private:
  // conv(elu(norm(x)))
  struct Layer : Module {
    ConditionalNorm norm;
    Conv2d conv;
    int64_t dilation;
    Layer(int64_t in, int64_t out, int64_t dilation, bool bias, int64_t levels, Generator& init);
    Tensor operator()(const Tensor& x, const Tensor& level) const;
  };
  // skip(x) + second(first(x)), halved where the block halves.
  struct Block : Module {
    Layer first, second;
    std::optional<Conv2d> skip;
    bool halves;
    struct Form {
      int64_t in, out, dilation = 1;
      bool halves = false, with_skip = false, bias = true;
    };
    Block(const Form& form, int64_t levels, Generator& init);
    Tensor operator()(const Tensor& x, const Tensor& level) const;
  };
  // conv(norm(x)), of which fusion takes the sum; in chained pooling with the average of 5 x 5 pixels between.
  struct Plain : Module {
    ConditionalNorm norm;
    Conv2d conv;
    Plain(int64_t in, int64_t out, bool bias, int64_t levels, Generator& init);
  };
  struct Refinement : Module {
    std::vector<int64_t> units_of;  // an input
    ModuleList<Block> entry, exit;
    ModuleList<Plain> fusion, chain;
    Refinement(const std::vector<int64_t>& in, int64_t out, int64_t units, int64_t exit_units, int64_t levels, Generator& init);
    Tensor operator()(const Tensors& inputs, const Tensor& level) const;
  };

  RefineNetOptions options_;
  Conv2d first_;
  ModuleList<Block> stages_;
  ModuleList<Refinement> refine_;
  std::optional<ConditionalNorm> norm_;
  std::optional<Conv2d> last_;
};

// A convolution whose taps are `dilation` pixels apart (Yu & Koltun 2016): the ordinary one on each of the dilation^2 images of every dilation-th
// pixel. x (N, H, W, Cin), weight (Cout, k, k, Cin), k odd, bias (Cout) or undefined -> (N, H, W, Cout); outside the image x is 0.
Tensor dilated_conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, int64_t dilation);

// Bilinear, with the corners kept where they are: output i lies at i (h - 1) / (height - 1) of the input's rows. (N, h, w, C) -> (N, height, width,
// C).
Tensor resize_bilinear(const Tensor& x, int64_t height, int64_t width);

}  // namespace ito
