// Convolutions of bfloat16 on the processor's instructions for it (kernels/gemm/pairs.h), over images with borders (padded.h): with q a place in
// them,
//   y[q, o] = sum over taps (u, v) of  sum_c x[q + u columns + v, c] w[o, u, v, c]
// and the data gradient is the same with the filters turned. A task is some rows of all images; its copy of them stays in the second cache.
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

  static constexpr int64_t run_length = block / 2;

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

  int64_t all_rows() const { return (batch - 1) * image.rows() + height; }  // of all images, from which results are kept

  // Whole images, if it is one at least.
  int64_t rows_of_task() const {
    constexpr int64_t cached = 1 << 18;  // bytes
    const int64_t fit = cached / (image.line() * int64_t(sizeof(bfloat16))) - kernel_height + 1;
    const int64_t rows = std::max<int64_t>(4, std::min(fit, ceil_div(all_rows(), 8 * num_threads())));
    return rows >= image.rows() ? rows / image.rows() * image.rows() : rows;
  }

  // Half of the taps, where their filters stay in the first cache for a chunk's blocks, and those of all do not.
  int64_t taps_at_once() const {
    constexpr int64_t cache = 40 << 10;  // bytes
    const int64_t half = ceil_div(taps(), 2), bytes_of_tap = image.stride() * block * int64_t(sizeof(bfloat16));
    return taps() * bytes_of_tap > cache && half * bytes_of_tap <= cache ? half : taps();
  }

  // Where what row t of all images gives begins in y.
  int64_t result(int64_t t) const { return (t / image.rows() * height + std::min(height, t % image.rows())) * width * channels; }

  // The row of y that row t of all images gives, if any.
  bfloat16* kept(int64_t t, int64_t last) const { return t < last && t % image.rows() < height ? y + result(t) : nullptr; }

  // Where the runs of 16 results begin that blocks are made of two by two. Where rows are whole runs, those of the image alone; else of all places,
  // and what falls on a border is thrown away.
  std::vector<int64_t> runs(int64_t first, int64_t last) const {
    std::vector<int64_t> starts;
    if (width % run_length == 0) {
      for (int64_t t = first; t < last; ++t)
        for (int64_t column = 0; column < width && kept(t, last); column += run_length) starts.push_back((t - first) * image.columns() + column);
    } else {
      for (int64_t place = 0; place < (last - first - 1) * image.columns() + width; place += run_length) starts.push_back(place);
    }
    if (starts.size() % 2 == 1) starts.push_back(starts.back());
    return starts;
  }

  // Rows first ... last - 1. The same thread is likely to get those after them next.
  void some_rows(int64_t first, int64_t last, const bfloat16* filters, const int64_t* segments, const float* offsets) const {
    const std::vector<int64_t> starts = runs(first, last);
    const int64_t blocks = int64_t(starts.size()) / 2, chunk = 4, sums_stride = pairs::whole_blocks(channels),
                  read = last - first + kernel_height - 1,
                  beyond = (block + kernel_width) * image.stride();  // what a last block reads, too
    const Scratch<bfloat16, Device::cpu> padded(read * image.line() + beyond);
    const Scratch<float, Device::cpu> sums(chunk * block * sums_stride);
    image.copy(x, batch, first, read, padded.data());
    std::fill_n(padded.data() + read * image.line(), beyond, bfloat16());
    const int64_t next_pixels = image.pixel_row(last), more_pixels = image.pixel_row(last + read) - next_pixels;
    pairs::Ahead ahead;
    ahead.add(y + result(first), result(last) - result(first));
    ahead.add(x + next_pixels * image.width * image.channels,
              std::min(more_pixels, batch * image.height - next_pixels) * image.width * image.channels);
    ahead.spread(blocks * ceil_div(channels, block) * taps() * image.stride() / block);
    const pairs::Multiplier multiply;
    const int64_t at_once = taps_at_once();
    for (int64_t from = 0; from < blocks; from += chunk) {
      const int64_t to = std::min(blocks, from + chunk);
      for (int64_t j = 0; j < channels; j += block)
        for (int64_t tap = 0; tap < taps(); tap += at_once)
          for (int64_t i = from; i < to; ++i) {
            const int64_t upper = starts[size_t(2 * i)], lower = starts[size_t(2 * i + 1)];
            multiply({.a = padded.data() + upper * image.stride(),
                      .a_stride = image.stride(),
                      .a_gap = (lower - upper - run_length) * image.stride(),
                      .a_segments = segments + tap,
                      .segments = std::min(at_once, taps() - tap),
                      .steps = image.stride() / block,
                      .b = filters + j / block * panel() + tap * image.stride() * block,
                      .b_stride = 2 * block,
                      .c = sums.data() + (i - from) * block * sums_stride + j,
                      .c_stride = sums_stride,
                      .add = tap > 0,
                      .start = tap > 0 ? nullptr : offsets + j,
                      .ahead = &ahead});
          }
      for (int64_t i = 2 * from; i < 2 * to; ++i) {
        int64_t t = first + starts[size_t(i)] / image.columns(), column = starts[size_t(i)] % image.columns();
        bfloat16* row = kept(t, last);
        for (const float *sum = sums.data() + (i - 2 * from) * run_length * sums_stride, *end = sum + run_length * sums_stride; sum < end;
             sum += sums_stride) {
          if (row && column < width) convert(sum, channels, row + column * channels);
          if (++column == image.columns()) column = 0, row = kept(++t, last);
        }
      }
    }
  }

  void run() const {
    const int64_t whole_channels = pairs::whole_blocks(channels);
    const Scratch<bfloat16, Device::cpu> filters(ceil_div(channels, block) * panel());
    const Scratch<float, Device::cpu> offsets(whole_channels);
    std::fill_n(offsets.data(), whole_channels, 0.0f);
    if (bias) convert(bias, channels, offsets.data());
    pack_filters(filters.data());
    std::vector<int64_t> segments;
    for (int64_t u = 0; u < kernel_height; ++u)
      for (int64_t v = 0; v < kernel_width; ++v) segments.push_back(u * image.line() + v * image.stride());
    parallel_for(all_rows(), rows_of_task(),
                 [&](int64_t first, int64_t last) { some_rows(first, last, filters.data(), segments.data(), offsets.data()); });
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
