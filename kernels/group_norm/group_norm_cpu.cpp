// Group norm by its definition, in double; group_norm_vector_cpu.cpp has what runs.
#include "kernels/group_norm/group_norm.h"

#include <cmath>
#include <vector>

namespace ito::kernels {

namespace {

// Calls body(index into x, channel) for the values of group g of image n.
template <class Body>
void for_group(const GroupNormShape& s, int64_t n, int64_t g, Body&& body) {
  const int64_t width = s.channels / s.groups;
  for (int64_t p = 0; p < s.pixels; ++p)
    for (int64_t c = g * width; c < (g + 1) * width; ++c) body((n * s.pixels + p) * s.channels + c, c);
}

template <class T>
void forward_reference(const T* x, const T* weight, const T* bias, T* y, accumulate_t<T>* mean, accumulate_t<T>* rstd, const GroupNormShape& s) {
  const int64_t width = s.channels / s.groups;
  const double m = double(s.pixels * width);
  for (int64_t n = 0; n < s.batch; ++n)
    for (int64_t g = 0; g < s.groups; ++g) {
      double sum = 0, squares = 0;
      for_group(s, n, g, [&](int64_t i, int64_t) { sum += double(x[i]); });
      for_group(s, n, g, [&](int64_t i, int64_t) { squares += (double(x[i]) - sum / m) * (double(x[i]) - sum / m); });
      const double mu = sum / m, r = 1 / std::sqrt(squares / m + s.eps);
      for_group(s, n, g, [&](int64_t i, int64_t c) {
        const double z = (double(x[i]) - mu) * r * (weight ? double(weight[c]) : 1) + (bias ? double(bias[c]) : 0);
        y[i] = T(s.silu ? z / (1 + std::exp(-z)) : z);
      });
      mean[n * s.groups + g] = accumulate_t<T>(mu);
      rstd[n * s.groups + g] = accumulate_t<T>(r);
    }
}

template <class T>
void backward_reference(const T* x, const T* weight, const T* bias, const accumulate_t<T>* mean, const accumulate_t<T>* rstd, const T* dy, T* dx,
                        T* dweight, T* dbias, const GroupNormShape& s) {
  const int64_t width = s.channels / s.groups;
  const double m = double(s.pixels * width);
  std::vector<double> weight_sum(size_t(s.channels), 0.0), bias_sum(size_t(s.channels), 0.0);
  for (int64_t n = 0; n < s.batch; ++n)
    for (int64_t g = 0; g < s.groups; ++g) {
      const double mu = double(mean[n * s.groups + g]), r = double(rstd[n * s.groups + g]);
      const auto scale = [&](int64_t c) { return weight ? double(weight[c]) : 1.0; };
      const auto normal = [&](int64_t i) { return (double(x[i]) - mu) * r; };
      const auto dz = [&](int64_t i, int64_t c) {
        if (!s.silu) return double(dy[i]);
        const double z = normal(i) * scale(c) + (bias ? double(bias[c]) : 0), sigma = 1 / (1 + std::exp(-z));
        return double(dy[i]) * sigma * (1 + z * (1 - sigma));
      };
      double first = 0, second = 0;
      for_group(s, n, g, [&](int64_t i, int64_t c) {
        const double d = dz(i, c);
        bias_sum[size_t(c)] += d;
        weight_sum[size_t(c)] += d * normal(i);
        first += scale(c) * d;
        second += scale(c) * d * normal(i);
      });
      if (dx) for_group(s, n, g, [&](int64_t i, int64_t c) { dx[i] = T(r * (scale(c) * dz(i, c) - first / m - normal(i) * second / m)); });
    }
  for (int64_t c = 0; c < s.channels; ++c) {
    if (dweight) dweight[c] = T(weight_sum[size_t(c)]);
    if (dbias) dbias[c] = T(bias_sum[size_t(c)]);
  }
}

}  // namespace

ITO_REGISTER_KERNEL(GroupNormForward, Device::cpu, "reference", forward_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(GroupNormBackward, Device::cpu, "reference", backward_reference, float, double, bfloat16);

}  // namespace ito::kernels
