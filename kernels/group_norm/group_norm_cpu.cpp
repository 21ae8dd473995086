#include "kernels/group_norm/group_norm.h"

#include <cmath>
#include <vector>

#include "kernels/parallel.h"
#include "kernels/vecmath.h"

namespace ito::kernels {

namespace {

// ---- the definitions, in double, one group after the other

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

// ---- vectorised over channels: sums are kept a channel, then joined a group. A task is some groups of
// an image, as many for one image as for many: a compiler rounds vectors and what is left of a row differently.

struct Tasks {
  int64_t count, blocks, width;  // blocks an image, channels a block

  explicit Tasks(const GroupNormShape& s) {
    const int64_t group = s.channels / s.groups, wanted = std::min<int64_t>(s.channels, 16);
    width = ceil_div(wanted, group) * group;
    blocks = ceil_div(s.channels, width);
    count = s.batch * blocks;
  }
  // Several small tasks go together.
  int64_t grain(const GroupNormShape& s) const { return std::max<int64_t>(1, 8192 / std::max<int64_t>(1, s.pixels * width)); }
};

// The mean of each group of sums over its channels, written back to every channel of the group. 16 running sums, so that one addition need not wait
// for the other.
template <class T>
void spread_group_means(T* sums, int64_t channels, int64_t group, T m) {
  for (int64_t c = 0; c < channels; c += group) {
    T part[16] = {}, total = 0;
    int64_t k = 0;
    for (; k + 16 <= group; k += 16)
      for (int64_t l = 0; l < 16; ++l) part[l] += sums[c + k + l];
    for (; k < group; ++k) total += sums[c + k];
    for (const T sum : part) total += sum;
    std::fill_n(sums + c, group, total / m);
  }
}

template <bool silu, class T>
void forward_channels(const T* x, const T* weight, const T* bias, T* y, T* mean, T* rstd, const GroupNormShape& s) {
  const Tasks tasks(s);
  const int64_t group = s.channels / s.groups;
  const T m = T(s.pixels * group);
  parallel_for(tasks.count, tasks.grain(s), [&](int64_t first, int64_t last) {
    std::vector<T> scratch(size_t(2 * tasks.width));
    T *mu = scratch.data(), *scale = mu + tasks.width;
    for (int64_t task = first; task < last; ++task) {
      const int64_t n = task / tasks.blocks, c0 = task % tasks.blocks * tasks.width, width = std::min(tasks.width, s.channels - c0);
      const T* in = x + n * s.pixels * s.channels + c0;
      T* out = y + n * s.pixels * s.channels + c0;
      std::fill_n(mu, 2 * tasks.width, T(0));
      for (int64_t p = 0; p < s.pixels; ++p)
#pragma omp simd
        for (int64_t c = 0; c < width; ++c) mu[c] += in[p * s.channels + c];
      spread_group_means(mu, width, group, m);
      for (int64_t p = 0; p < s.pixels; ++p)
#pragma omp simd
        for (int64_t c = 0; c < width; ++c) scale[c] += (in[p * s.channels + c] - mu[c]) * (in[p * s.channels + c] - mu[c]);
      spread_group_means(scale, width, group, m);
      for (int64_t c = 0, k = n * s.groups + c0 / group; c < width; c += group, ++k) {
        mean[k] = mu[c];
        rstd[k] = 1 / std::sqrt(scale[c] + T(s.eps));
        std::fill_n(scale + c, group, rstd[k]);
      }
      if (weight)
        for (int64_t c = 0; c < width; ++c) scale[c] *= weight[c0 + c];
      for (int64_t p = 0; p < s.pixels; ++p)
#pragma omp simd
        for (int64_t c = 0; c < width; ++c) {
          const T z = (in[p * s.channels + c] - mu[c]) * scale[c] + (bias ? bias[c0 + c] : T(0));
          out[p * s.channels + c] = silu ? z * sigmoid_fast(z) : z;
        }
    }
  });
}

template <bool silu, class T>
void backward_channels(const T* x, const T* weight, const T* bias, const T* mean, const T* rstd, const T* dy, T* dx, T* dweight, T* dbias,
                       const GroupNormShape& s) {
  const Tasks tasks(s);
  const int64_t group = s.channels / s.groups;
  const T m = T(s.pixels * group);
  std::vector<T> sums(size_t(2 * s.batch * s.channels));  // of dz and of dz n, by image and channel
  parallel_for(tasks.count, tasks.grain(s), [&](int64_t first, int64_t last) {
    std::vector<T> scratch(size_t(6 * tasks.width));
    T *mu = scratch.data(), *r = mu + tasks.width, *w = r + tasks.width, *b = w + tasks.width, *mean_dz = b + tasks.width,
      *mean_dzn = mean_dz + tasks.width;
    for (int64_t task = first; task < last; ++task) {
      const int64_t n = task / tasks.blocks, c0 = task % tasks.blocks * tasks.width, width = std::min(tasks.width, s.channels - c0);
      const int64_t start = n * s.pixels * s.channels + c0;
      const T *in = x + start, *g = dy + start;
      T *sum_dz = sums.data() + 2 * n * s.channels + c0, *sum_dzn = sum_dz + s.channels;
      for (int64_t c = 0, k = n * s.groups + c0 / group; c < width; c += group, ++k) {
        std::fill_n(mu + c, group, mean[k]);
        std::fill_n(r + c, group, rstd[k]);
      }
      for (int64_t c = 0; c < width; ++c) {
        w[c] = weight ? weight[c0 + c] : T(1);
        b[c] = bias ? bias[c0 + c] : T(0);
      }
      const auto dz = [=](T normal, T grad, int64_t c) {
        if constexpr (!silu) return grad;
        const T z = normal * w[c] + b[c], sigma = sigmoid_fast(z);
        return grad * sigma * (1 + z * (1 - sigma));
      };
      for (int64_t p = 0; p < s.pixels; ++p)
#pragma omp simd
        for (int64_t c = 0; c < width; ++c) {
          const T normal = (in[p * s.channels + c] - mu[c]) * r[c], d = dz(normal, g[p * s.channels + c], c);
          sum_dz[c] += d;
          sum_dzn[c] += d * normal;
        }
      if (!dx) continue;
      for (int64_t c = 0; c < width; ++c) {
        mean_dz[c] = w[c] * sum_dz[c];
        mean_dzn[c] = w[c] * sum_dzn[c];
      }
      spread_group_means(mean_dz, width, group, m);
      spread_group_means(mean_dzn, width, group, m);
      T* out = dx + start;
      for (int64_t p = 0; p < s.pixels; ++p)
#pragma omp simd
        for (int64_t c = 0; c < width; ++c) {
          const T normal = (in[p * s.channels + c] - mu[c]) * r[c], d = dz(normal, g[p * s.channels + c], c);
          out[p * s.channels + c] = r[c] * (w[c] * d - mean_dz[c] - normal * mean_dzn[c]);
        }
    }
  });
  const auto over_images = [&](const T* first, T* total) {
    std::fill_n(total, s.channels, T(0));
    for (int64_t n = 0; n < s.batch; ++n)
      for (int64_t c = 0; c < s.channels; ++c) total[c] += first[2 * n * s.channels + c];
  };
  if (dbias) over_images(sums.data(), dbias);
  if (dweight) over_images(sums.data() + s.channels, dweight);
}

template <class T>
void forward_vector(const T* x, const T* weight, const T* bias, T* y, T* mean, T* rstd, const GroupNormShape& s) {
  return s.silu ? forward_channels<true>(x, weight, bias, y, mean, rstd, s) : forward_channels<false>(x, weight, bias, y, mean, rstd, s);
}

template <class T>
void backward_vector(const T* x, const T* weight, const T* bias, const T* mean, const T* rstd, const T* dy, T* dx, T* dweight, T* dbias,
                     const GroupNormShape& s) {
  return s.silu ? backward_channels<true>(x, weight, bias, mean, rstd, dy, dx, dweight, dbias, s)
                : backward_channels<false>(x, weight, bias, mean, rstd, dy, dx, dweight, dbias, s);
}

}  // namespace

ITO_REGISTER_KERNEL(GroupNormForward, Device::cpu, "reference", forward_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(GroupNormForward, Device::cpu, "vector", forward_vector, float, double);
ITO_REGISTER_KERNEL(GroupNormBackward, Device::cpu, "reference", backward_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(GroupNormBackward, Device::cpu, "vector", backward_vector, float, double);

}  // namespace ito::kernels
