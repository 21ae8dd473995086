// Convolutions of bfloat16 on the processor's instructions for it (kernels/gemm/pairs.h), over images with a border (padded.h): with q a place in
// them,
//   y[q, o] = sum over taps (u, v) of  sum_c x[q + u width + v, c] w[o, u, v, c]
// and the data gradient is the same with the filters turned.
#include <vector>

#include "kernels/conv2d/padded.h"
#include "kernels/store.h"

namespace ito::kernels {

namespace {

using pairs::block;

struct Convolution {
  const bfloat16 *x, *w, *bias;
  bfloat16* y;
  int64_t batch;
  Padded image;  // of x
  int64_t kernel_height, kernel_width;
  int64_t height, width, channels;  // of y
  bool turned;                      // whether channels of y are the filters' inner ones

  int64_t taps() const { return kernel_height * kernel_width; }
  int64_t panel() const { return taps() * image.stride() * block; }

  // Panels of `block` channels of y, in each tap after tap.
  void pack_filters(bfloat16* to) const {
    const int64_t inner = turned ? channels : image.channels;
    parallel_for(ceil_div(channels, block), 1, [&](int64_t j, int64_t) {
      const int64_t first = j * block, columns = std::min(block, channels - first);
      bfloat16* out = to + j * panel();
      if (columns < block || image.channels % block != 0) std::fill_n(out, panel(), bfloat16());
      for (int64_t tap = 0; tap < taps(); ++tap, out += image.stride() * block) {
        if (turned)
          pairs::interleave(w + (taps() - 1 - tap) * inner + first, taps() * inner, image.channels, columns, out, 2 * block);
        else
          pairs::interleave_turned(w + (first * taps() + tap) * inner, taps() * inner, columns, image.channels, out, 2 * block);
      }
    });
  }

  void run() const {
    const int64_t places = (height - 1) * image.columns() + width, chunk = 4 * block, chunks = ceil_div(places, chunk),
                  sums_stride = pairs::whole_blocks(channels);
    const int64_t beyond = (chunk + kernel_width) * image.stride();  // what a last block reads, and throws away
    const Scratch<bfloat16, Device::cpu> padded(batch * image.size() + beyond), filters(ceil_div(channels, block) * panel());
    const Scratch<float, Device::cpu> offsets(sums_stride);
    std::fill_n(offsets.data(), sums_stride, 0.0f);
    if (bias) convert(bias, channels, offsets.data());
    pack_filters(filters.data());
    std::fill_n(padded.data() + batch * image.size(), beyond, bfloat16());
    parallel_for(batch, 1,
                 [&](int64_t n, int64_t) { image.copy(x + n * image.height * image.width * image.channels, padded.data() + n * image.size()); });
    std::vector<int64_t> segments;
    for (int64_t u = 0; u < kernel_height; ++u)
      for (int64_t v = 0; v < kernel_width; ++v) segments.push_back((u * image.columns() + v) * image.stride());
    parallel_for(batch * chunks, 1, [&](int64_t task, int64_t) {
      const int64_t n = task / chunks, first = task % chunks * chunk, last = std::min(places, first + chunk);
      const Scratch<float, Device::cpu> sums(chunk * sums_stride);
      const pairs::Multiplier multiply;
      for (int64_t j = 0; j < channels; j += block)
        for (int64_t q = first; q < last; q += block)
          multiply({.a = padded.data() + n * image.size() + q * image.stride(),
                    .a_stride = image.stride(),
                    .a_segments = segments.data(),
                    .segments = taps(),
                    .steps = image.stride() / block,
                    .b = filters.data() + j / block * panel(),
                    .b_stride = 2 * block,
                    .c = sums.data() + (q - first) * sums_stride + j,
                    .c_stride = sums_stride,
                    .add = false});
      for (int64_t q = first; q < last; ++q) {
        const int64_t i = q / image.columns(), column = q % image.columns();
        if (column >= width) continue;
        const float* sum = sums.data() + (q - first) * sums_stride;
        bfloat16* out = y + ((n * height + i) * width + column) * channels;
#pragma omp simd
        for (int64_t o = 0; o < channels; ++o) store(out[o], sum[o] + offsets.data()[o]);
      }
    });
  }
};

template <class T>
void forward_pairs(const T* x, const T* w, const T* bias, T* y, const Conv2dShape& s) {
  if (!fits_pairs(s)) return Conv2dForward<T>::named(Device::cpu, "winograd")(x, w, bias, y, s);
  Convolution{x,
              w,
              bias,
              y,
              s.batch,
              {s.height, s.width, s.in_channels, s.padding, s.padding},
              s.kernel_height,
              s.kernel_width,
              s.out_height,
              s.out_width,
              s.out_channels,
              false}
      .run();
}

template <class T>
void data_gradient_pairs(const T* dy, const T* w, const T* bias, T* dx, const Conv2dShape& s) {
  if (!fits_pairs(s)) return Conv2dDataGradient<T>::named(Device::cpu, "winograd")(dy, w, bias, dx, s);
  Convolution{dy,
              w,
              bias,
              dx,
              s.batch,
              {s.out_height, s.out_width, s.out_channels, s.kernel_height - 1 - s.padding, s.kernel_width - 1 - s.padding},
              s.kernel_height,
              s.kernel_width,
              s.height,
              s.width,
              s.in_channels,
              true}
      .run();
}

}  // namespace

ITO_REGISTER_KERNEL(Conv2dForward, Device::cpu, "pairs", forward_pairs, bfloat16);
ITO_REGISTER_KERNEL(Conv2dDataGradient, Device::cpu, "pairs", data_gradient_pairs, bfloat16);

}  // namespace ito::kernels
