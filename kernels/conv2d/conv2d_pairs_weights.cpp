// The weight gradient of bfloat16 convolutions on the processor's instructions for it (kernels/gemm/pairs.h), over images with a border (padded.h):
//   dw[o, u, v, c] = sum over places q of  dy[q, o] x[q + u width + v, c]
// dy lies in rows of o, with zeros where x has its border; x in pairs of neighbouring places, twice, from an even and from an odd one on, so that
// each tap finds its pairs. Images are cut into parts that depend on their number alone; parts are added in order.
#include "kernels/conv2d/padded.h"
#include "kernels/store.h"

namespace ito::kernels {

namespace {

using pairs::block;

struct WeightGradient {
  const bfloat16 *dy, *x;
  bfloat16* dw;
  const Conv2dShape& s;
  Padded image;  // of x

  int64_t taps() const { return s.kernel_height * s.kernel_width; }
  int64_t sums_stride() const { return taps() * image.stride(); }
  int64_t places() const { return pairs::whole_blocks(s.out_height * image.columns()); }
  int64_t dy_stride() const { return places() + block; }  // off the powers of two

  void add_images(int64_t first, int64_t last, float* sums) const {
    const int64_t rows = places() + (s.kernel_height - 1) * image.columns() + s.kernel_width + 1, half = ceil_div(rows, 2) * 2 * image.stride();
    const Scratch<bfloat16, Device::cpu> turned(pairs::whole_blocks(s.out_channels) * dy_stride()),
        padded(std::max(image.size(), (rows + 1) * image.stride())), couples(2 * half);
    std::fill_n(turned.data(), pairs::whole_blocks(s.out_channels) * dy_stride(), bfloat16());
    std::fill(padded.data() + image.size(), padded.data() + std::max(image.size(), (rows + 1) * image.stride()), bfloat16());
    const pairs::Multiplier multiply;
    for (int64_t n = first; n < last; ++n) {
      for (int64_t i = 0; i < s.out_height; ++i)
        pairs::turn(dy + (n * s.out_height + i) * s.out_width * s.out_channels, s.out_channels, s.out_width, s.out_channels,
                    turned.data() + i * image.columns(), dy_stride());
      image.copy(x + n * s.height * s.width * s.in_channels, padded.data());
      for (int64_t odd = 0; odd < 2; ++odd)
        pairs::interleave(padded.data() + odd * image.stride(), image.stride(), rows, image.stride(), couples.data() + odd * half,
                          2 * image.stride());
      for (int64_t tap = 0; tap < taps(); ++tap) {
        const int64_t step = tap / s.kernel_width * image.columns() + tap % s.kernel_width, segment = 0;
        for (int64_t c = 0; c < image.stride(); c += block)
          for (int64_t o = 0; o < s.out_channels; o += block)
            multiply({.a = turned.data() + o * dy_stride(),
                      .a_stride = dy_stride(),
                      .a_segments = &segment,
                      .segments = 1,
                      .steps = places() / block,
                      .b = couples.data() + step % 2 * half + step / 2 * 2 * image.stride() + 2 * c,
                      .b_stride = 2 * image.stride(),
                      .c = sums + o * sums_stride() + tap * image.stride() + c,
                      .c_stride = sums_stride(),
                      .add = n > first});
      }
    }
  }

  void run() const {
    const int64_t parts = std::min<int64_t>(s.batch, 8), size = pairs::whole_blocks(s.out_channels) * sums_stride();
    const Scratch<float, Device::cpu> sums(parts * size);
    parallel_for(parts, 1,
                 [&](int64_t part, int64_t) { add_images(s.batch * part / parts, s.batch * (part + 1) / parts, sums.data() + part * size); });
    parallel_for(s.out_channels * taps(), std::max<int64_t>(1, 4096 / s.in_channels), [&](int64_t first, int64_t last) {
      for (int64_t row = first; row < last; ++row) {
        float* sum = sums.data() + row * image.stride();  // rows of taps follow one another
        for (int64_t part = 1; part < parts; ++part)
          for (int64_t c = 0; c < s.in_channels; ++c) sum[c] += sum[part * size + c];
        convert(sum, s.in_channels, dw + row * s.in_channels);
      }
    });
  }
};

template <class T>
void weight_gradient_pairs(const T* dy, const T* x, T* dw, const Conv2dShape& s) {
  if (!fits_pairs(s)) return Conv2dWeightGradient<T>::named(Device::cpu, "winograd")(dy, x, dw, s);
  WeightGradient{dy, x, dw, s, {s.height, s.width, s.in_channels, s.padding, s.padding}}.run();
}

}  // namespace

ITO_REGISTER_KERNEL(Conv2dWeightGradient, Device::cpu, "pairs", weight_gradient_pairs, bfloat16);

}  // namespace ito::kernels
