// Convolution of images of few channels (grey, RGB), where a matmul's panels would be nearly empty: each channel becomes a plane with a border of
// zeros, and a tap adds a multiple of a shifted line of it to a line of the result,
//   y[i, :, o] += w[o,u,v,c] x[i + u, v:, c]
// so that pixels, not channels, are the lanes of vectors. The data gradient is the same with the filter turned by half a turn.
#include <vector>

#include "kernels/conv2d/conv2d.h"
#include "kernels/parallel.h"
#include "kernels/scratch.h"

namespace ito::kernels {

namespace {

// What a result of (height, width, out) is made of: planes (in, height + kernel_height - 1, width + kernel_width - 1).
struct PlaneShape {
  int64_t height, width, in, out, kernel_height, kernel_width;
  int64_t rows() const { return height + kernel_height - 1; }
  int64_t columns() const { return width + kernel_width - 1; }
  int64_t size() const { return in * rows() * columns(); }
  int64_t taps() const { return out * in * kernel_height * kernel_width; }
};

// One image (height, width, channels) as planes of `s`, `above` rows of zeros before it and `left` columns.
template <class T, class A>
void to_planes(const T* image, int64_t height, int64_t width, int64_t above, int64_t left, const PlaneShape& s, A* planes) {
  std::fill_n(planes, s.size(), A(0));
  for (int64_t c = 0; c < s.in; ++c)
    for (int64_t i = 0; i < height; ++i) {
      A* line = planes + (c * s.rows() + above + i) * s.columns() + left;
      for (int64_t j = 0; j < width; ++j) line[j] = A(image[(i * width + j) * s.in + c]);
    }
}

// The result for one image; filter (out, in, kernel_height, kernel_width).
template <class T, class A>
void correlate(const A* planes, const A* filter, const T* bias, const PlaneShape& s, A* line, T* y) {
  for (int64_t i = 0; i < s.height; ++i)
    for (int64_t o = 0; o < s.out; ++o) {
      std::fill_n(line, s.width, bias ? A(bias[o]) : A(0));
      const A* tap = filter + o * s.in * s.kernel_height * s.kernel_width;
      for (int64_t c = 0; c < s.in; ++c)
        for (int64_t u = 0; u < s.kernel_height; ++u)
          for (int64_t v = 0; v < s.kernel_width; ++v, ++tap) {
            const A *from = planes + (c * s.rows() + i + u) * s.columns() + v, weight = *tap;
#pragma omp simd
            for (int64_t j = 0; j < s.width; ++j) line[j] += weight * from[j];
          }
      for (int64_t j = 0; j < s.width; ++j) y[(i * s.width + j) * s.out + o] = T(line[j]);
    }
}

// Images (batch, height, width, s.in) to (batch, s.height, s.width, s.out).
template <class T, class A>
void correlate_all(const T* x, int64_t height, int64_t width, int64_t above, int64_t left, const std::vector<A>& filter, const T* bias, T* y,
                   int64_t batch, const PlaneShape& s) {
  parallel_for(batch, 1, [&](int64_t n, int64_t) {
    const Scratch<A, Device::cpu> planes(s.size()), line(s.width);
    to_planes(x + n * height * width * s.in, height, width, above, left, s, planes.data());
    correlate(planes.data(), filter.data(), bias, s, line.data(), y + n * s.height * s.width * s.out);
  });
}

bool fits_planes(const Conv2dShape& s) {
  return s.stride == 1 && s.groups == 1 && s.in_channels * s.out_channels <= 16 && s.padding < std::min(s.kernel_height, s.kernel_width);
}

PlaneShape of_result(const Conv2dShape& s) { return {s.out_height, s.out_width, s.in_channels, s.out_channels, s.kernel_height, s.kernel_width}; }

// Calls body(index in w, o, u kernel_width + v, c).
template <class Body>
void for_taps(const Conv2dShape& s, Body&& body) {
  const int64_t window = s.kernel_height * s.kernel_width;
  for (int64_t o = 0; o < s.out_channels; ++o)
    for (int64_t tap = 0; tap < window; ++tap)
      for (int64_t c = 0; c < s.in_channels; ++c) body((o * window + tap) * s.in_channels + c, o, tap, c);
}

template <class T>
void forward_planes(const T* x, const T* w, const T* bias, T* y, const Conv2dShape& s) {
  if (!fits_planes(s)) return Conv2dForward<T>::named(Device::cpu, "implicit")(x, w, bias, y, s);
  using A = accumulate_t<T>;
  const PlaneShape shape = of_result(s);
  const int64_t window = s.kernel_height * s.kernel_width;
  std::vector<A> filter(size_t(shape.taps()));
  for_taps(s, [&](int64_t at, int64_t o, int64_t tap, int64_t c) { filter[size_t((o * s.in_channels + c) * window + tap)] = A(w[at]); });
  correlate_all(x, s.height, s.width, s.padding, s.padding, filter, bias, y, s.batch, shape);
}

template <class T>
void data_gradient_planes(const T* dy, const T* w, const T* bias, T* dx, const Conv2dShape& s) {
  if (!fits_planes(s)) return Conv2dDataGradient<T>::named(Device::cpu, "implicit")(dy, w, bias, dx, s);
  using A = accumulate_t<T>;
  const PlaneShape shape{s.height, s.width, s.out_channels, s.in_channels, s.kernel_height, s.kernel_width};
  const int64_t window = s.kernel_height * s.kernel_width;
  std::vector<A> filter(size_t(shape.taps()));
  for_taps(s,
           [&](int64_t at, int64_t o, int64_t tap, int64_t c) { filter[size_t((c * s.out_channels + o) * window + window - 1 - tap)] = A(w[at]); });
  correlate_all(dy, s.out_height, s.out_width, s.kernel_height - 1 - s.padding, s.kernel_width - 1 - s.padding, filter, bias, dx, s.batch, shape);
}

// The sums of one image are added to `sums` (out, in, kernel_height, kernel_width).
template <class T, class A>
void add_weight_gradient(const T* dy, const A* planes, const PlaneShape& s, A* line, A* sums) {
  for (int64_t i = 0; i < s.height; ++i)
    for (int64_t o = 0; o < s.out; ++o) {
      for (int64_t j = 0; j < s.width; ++j) line[j] = A(dy[(i * s.width + j) * s.out + o]);
      A* to = sums + o * s.in * s.kernel_height * s.kernel_width;
      for (int64_t c = 0; c < s.in; ++c)
        for (int64_t u = 0; u < s.kernel_height; ++u)
          for (int64_t v = 0; v < s.kernel_width; ++v) {
            const A* from = planes + (c * s.rows() + i + u) * s.columns() + v;
            A sum = 0;
#pragma omp simd reduction(+ : sum)
            for (int64_t j = 0; j < s.width; ++j) sum += line[j] * from[j];
            *to++ += sum;
          }
    }
}

template <class T>
void weight_gradient_planes(const T* dy, const T* x, T* dw, const Conv2dShape& s) {
  if (!fits_planes(s)) return Conv2dWeightGradient<T>::named(Device::cpu, "implicit")(dy, x, dw, s);
  using A = accumulate_t<T>;
  const PlaneShape shape = of_result(s);
  const int64_t parts = std::min<int64_t>(16, s.batch), window = s.kernel_height * s.kernel_width;
  std::vector<A> sums(size_t(parts * shape.taps()));
  parallel_for(parts, 1, [&](int64_t part, int64_t) {
    const Scratch<A, Device::cpu> planes(shape.size()), line(shape.width);
    for (int64_t n = s.batch * part / parts; n < s.batch * (part + 1) / parts; ++n) {
      to_planes(x + n * s.height * s.width * s.in_channels, s.height, s.width, s.padding, s.padding, shape, planes.data());
      add_weight_gradient(dy + n * shape.height * shape.width * shape.out, planes.data(), shape, line.data(), sums.data() + part * shape.taps());
    }
  });
  for_taps(s, [&](int64_t at, int64_t o, int64_t tap, int64_t c) {
    A sum = 0;
    for (int64_t part = 0; part < parts; ++part) sum += sums[size_t(part * shape.taps() + (o * s.in_channels + c) * window + tap)];
    dw[at] = T(sum);
  });
}

}  // namespace

ITO_REGISTER_KERNEL(Conv2dForward, Device::cpu, "planes", forward_planes, float, double, bfloat16);
ITO_REGISTER_KERNEL(Conv2dDataGradient, Device::cpu, "planes", data_gradient_planes, float, double, bfloat16);
ITO_REGISTER_KERNEL(Conv2dWeightGradient, Device::cpu, "planes", weight_gradient_planes, float, double, bfloat16);

}  // namespace ito::kernels
