// The weight gradient of bfloat16 convolutions on the processor's instructions for it (kernels/gemm/pairs.h), over images with borders (padded.h):
//   dw[o, u, v, c] = sum over places q of  dy[q, o] x[q + u columns + v, c]
// dy lies in rows of o, with zeros where x has its border; x in pairs of neighbouring places, twice, from an even and from an odd one on, so that
// each tap finds its pairs. Images are cut into parts that depend on their number alone; parts are added in order. Of a part as many images at a time
// as stay in the second cache: the sums, which may not, pass by once for them all.
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

  // Images at a time.
  int64_t at_once() const { return std::max<int64_t>(1, 11 * block / (image.rows() * image.columns())); }

  void add_images(int64_t first, int64_t last, float* sums) const {
    const int64_t most = std::min(at_once(), last - first), places = pairs::whole_blocks(most * image.rows() * image.columns()),
                  dy_stride = places + block,  // off the powers of two
        pixels = places + (s.kernel_height - 1) * image.columns() + s.kernel_width + 1, half = ceil_div(pixels, 2) * 2 * image.stride();
    const Scratch<bfloat16, Device::cpu> turned(pairs::whole_blocks(s.out_channels) * dy_stride),
        padded((pixels + 1 + image.columns()) * image.stride()), couples(2 * half);
    const pairs::Multiplier multiply;
    for (int64_t n = first; n < last; n += most) {
      const int64_t now = std::min(most, last - n);
      std::fill_n(turned.data(), pairs::whole_blocks(s.out_channels) * dy_stride, bfloat16());
      for (int64_t i = 0; i < now * s.out_height; ++i)
        pairs::turn(dy + (n * s.out_height + i) * s.out_width * s.out_channels, s.out_channels, s.out_width, s.out_channels,
                    turned.data() + (i / s.out_height * image.rows() + i % s.out_height) * image.columns(), dy_stride);
      const int64_t rows = ceil_div(pixels + 1, image.columns());
      image.copy(x + n * s.height * s.width * s.in_channels, now, 0, rows, padded.data());
      for (int64_t odd = 0; odd < 2; ++odd)
        pairs::interleave(padded.data() + odd * image.stride(), image.stride(), pixels, image.stride(), couples.data() + odd * half,
                          2 * image.stride());
      pairs::Ahead ahead;
      const int64_t next = std::min(n + most, last), more = std::min(most, last - next);
      ahead.add(dy + next * s.out_height * s.out_width * s.out_channels, more * s.out_height * s.out_width * s.out_channels);
      ahead.add(x + next * s.height * s.width * s.in_channels, more * s.height * s.width * s.in_channels);
      ahead.spread(taps() * image.stride() / block * ceil_div(s.out_channels, block) * places / block);
      for (int64_t tap = 0; tap < taps(); ++tap) {
        const int64_t step = tap / s.kernel_width * image.columns() + tap % s.kernel_width, segment = 0;
        for (int64_t c = 0; c < image.stride(); c += block)
          for (int64_t o = 0; o < s.out_channels; o += block)
            multiply({.a = turned.data() + o * dy_stride,
                      .a_stride = dy_stride,
                      .a_segments = &segment,
                      .segments = 1,
                      .steps = places / block,
                      .b = couples.data() + step % 2 * half + step / 2 * 2 * image.stride() + 2 * c,
                      .b_stride = 2 * image.stride(),
                      .c = sums + o * sums_stride() + tap * image.stride() + c,
                      .c_stride = sums_stride(),
                      .add = n > first,
                      .ahead = &ahead});
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
