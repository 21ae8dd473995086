// The definitions, summed in double.
#include "kernels/conv2d/conv2d.h"

namespace ito::kernels {

namespace {

// Calls tap(row of x, column of x) -> visits every (n, i, j, o, u, v, c) that lies inside the image.
template <class Visit>
void for_every_product(const Conv2dShape& s, Visit&& visit) {
  const int64_t cin = s.in_channels / s.groups, cout = s.out_channels / s.groups;
  for (int64_t n = 0; n < s.batch; ++n)
    for (int64_t i = 0; i < s.out_height; ++i)
      for (int64_t j = 0; j < s.out_width; ++j)
        for (int64_t u = 0; u < s.kernel_height; ++u)
          for (int64_t v = 0; v < s.kernel_width; ++v) {
            const int64_t a = i * s.stride - s.padding + u, b = j * s.stride - s.padding + v;
            if (a < 0 || a >= s.height || b < 0 || b >= s.width) continue;
            for (int64_t o = 0; o < s.out_channels; ++o)
              for (int64_t c = 0; c < cin; ++c)
                visit(((n * s.height + a) * s.width + b) * s.in_channels + o / cout * cin + c,  // in x
                      ((o * s.kernel_height + u) * s.kernel_width + v) * cin + c,               // in w
                      ((n * s.out_height + i) * s.out_width + j) * s.out_channels + o);         // in y
          }
}

template <class T>
void assign(T* out, const std::vector<double>& sums) {
  for (size_t i = 0; i < sums.size(); ++i) out[i] = T(sums[i]);
}

std::vector<double> zeros(int64_t n) { return std::vector<double>(static_cast<size_t>(n)); }

// rows of `channels` values, each starting as the bias.
template <class T>
std::vector<double> biased(int64_t rows, int64_t channels, const T* bias) {
  std::vector<double> sums = zeros(rows * channels);
  if (bias)
    for (size_t i = 0; i < sums.size(); ++i) sums[i] = double(bias[int64_t(i) % channels]);
  return sums;
}

template <class T>
void forward_reference(const T* x, const T* w, const T* bias, T* y, const Conv2dShape& s) {
  std::vector<double> sums = biased(s.batch * s.out_height * s.out_width, s.out_channels, bias);
  for_every_product(s, [&](int64_t ix, int64_t iw, int64_t iy) { sums[size_t(iy)] += double(x[ix]) * double(w[iw]); });
  assign(y, sums);
}

template <class T>
void data_gradient_reference(const T* dy, const T* w, const T* bias, T* dx, const Conv2dShape& s) {
  std::vector<double> sums = biased(s.batch * s.height * s.width, s.in_channels, bias);
  for_every_product(s, [&](int64_t ix, int64_t iw, int64_t iy) { sums[size_t(ix)] += double(dy[iy]) * double(w[iw]); });
  assign(dx, sums);
}

template <class T>
void weight_gradient_reference(const T* dy, const T* x, T* dw, const Conv2dShape& s) {
  std::vector<double> sums = zeros(s.out_channels * s.kernel_height * s.kernel_width * (s.in_channels / s.groups));
  for_every_product(s, [&](int64_t ix, int64_t iw, int64_t iy) { sums[size_t(iw)] += double(dy[iy]) * double(x[ix]); });
  assign(dw, sums);
}

}  // namespace

ITO_REGISTER_KERNEL(Conv2dForward, Device::cpu, "reference", forward_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(Conv2dDataGradient, Device::cpu, "reference", data_gradient_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(Conv2dWeightGradient, Device::cpu, "reference", weight_gradient_reference, float, double, bfloat16);

}  // namespace ito::kernels
