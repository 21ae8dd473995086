// Group norm vectorised over channels: sums are kept a channel, then joined a group. A task is some neighbouring groups of an image, as many as stay
// in the second cache from one pass to the next, whether there is one image or many: a compiler rounds vectors and what is left of a row differently.
//
// With SiLU, z = n weight + bias and s = sigmoid(z):  dz = dy silu'(z) = dy s (1 + z (1 - s)), which is worked out once and kept for the second pass.
#include <cmath>

#include "kernels/group_norm/layer_norm.h"
#include "kernels/parallel.h"
#include "kernels/scratch.h"
#include "kernels/store.h"
#include "kernels/vecmath.h"

namespace ito::kernels {

namespace {

constexpr int64_t stripe = 16;  // channels whose sums stay in registers while a loop goes over all pixels

struct Tasks {
  int64_t count, blocks, width;  // blocks an image, channels a block

  explicit Tasks(const GroupNormShape& s) {
    constexpr int64_t values = 1 << 16;
    const int64_t group = s.channels / s.groups, fitting = values / std::max<int64_t>(1, s.pixels) / stripe * stripe;
    width = ceil_div(std::clamp(fitting, std::min(stripe, s.channels), s.channels), group) * group;
    blocks = ceil_div(s.channels, width);
    count = s.batch * blocks;
  }
  // Several small tasks go together.
  int64_t grain(const GroupNormShape& s) const { return std::max<int64_t>(1, 8192 / std::max<int64_t>(1, s.pixels * width)); }
};

// Adds up over pixels, for each of `width` channels: add(pixel, channel, a, b) adds to the channel's two sums. A few pixels at a time, so that memory
// is read in its order though the sums of a stripe stay in registers.
template <class A, class Add>
void sum_pixels(int64_t pixels, int64_t width, A* first, A* second, Add&& add) {
  constexpr int64_t few = 16;
  std::fill_n(first, width, A(0));
  if (second) std::fill_n(second, width, A(0));
  for (int64_t p0 = 0; p0 < pixels; p0 += few)
    for (int64_t c0 = 0; c0 < width; c0 += stripe) {
      A a[stripe], b[stripe] = {};
      const int64_t count = std::min(stripe, width - c0), end = std::min(pixels, p0 + few);
      std::copy_n(first + c0, count, a);
      if (second) std::copy_n(second + c0, count, b);
      if (count == stripe) {
        for (int64_t p = p0; p < end; ++p)
#pragma omp simd
          for (int64_t c = 0; c < stripe; ++c) add(p, c0 + c, a[c], b[c]);
      } else {
        for (int64_t p = p0; p < end; ++p)
#pragma omp simd
          for (int64_t c = 0; c < count; ++c) add(p, c0 + c, a[c], b[c]);
      }
      std::copy_n(a, count, first + c0);
      if (second) std::copy_n(b, count, second + c0);
    }
}

// The mean of each group of sums over its channels, written back to every channel of the group. 16 running sums, so that one addition need not wait
// for the other.
template <class A>
void spread_group_means(A* sums, int64_t channels, int64_t group, A m) {
  for (int64_t c = 0; c < channels; c += group) {
    A part[16] = {}, total = 0;
    int64_t k = 0;
    for (; k + 16 <= group; k += 16)
      for (int64_t l = 0; l < 16; ++l) part[l] += sums[c + k + l];
    for (; k < group; ++k) total += sums[c + k];
    for (const A sum : part) total += sum;
    std::fill_n(sums + c, group, total / m);
  }
}

template <bool silu, class T>
void forward_channels(const T* x, const T* weight, const T* bias, T* y, accumulate_t<T>* mean, accumulate_t<T>* rstd, const GroupNormShape& s) {
  using A = accumulate_t<T>;
  const Tasks tasks(s);
  const int64_t group = s.channels / s.groups, row = s.channels;
  const A m = A(s.pixels * group);
  parallel_for(tasks.count, tasks.grain(s), [&](int64_t first, int64_t last) {
    const Scratch<A, Device::cpu> scratch(3 * tasks.width);
    A *mu = scratch.data(), *scale = mu + tasks.width, *b = scale + tasks.width;
    for (int64_t task = first; task < last; ++task) {
      const int64_t n = task / tasks.blocks, c0 = task % tasks.blocks * tasks.width, width = std::min(tasks.width, s.channels - c0);
      const T* in = x + n * s.pixels * row + c0;
      T* out = y + n * s.pixels * row + c0;
      sum_pixels<A>(s.pixels, width, mu, nullptr, [=](int64_t p, int64_t c, A& sum, A&) { sum += A(in[p * row + c]); });
      spread_group_means(mu, width, group, m);
      sum_pixels<A>(s.pixels, width, scale, nullptr, [=](int64_t p, int64_t c, A& sum, A&) {
        const A difference = A(in[p * row + c]) - mu[c];
        sum += difference * difference;
      });
      spread_group_means(scale, width, group, m);
      for (int64_t c = 0, k = n * s.groups + c0 / group; c < width; c += group, ++k) {
        mean[k] = mu[c];
        rstd[k] = 1 / std::sqrt(scale[c] + A(s.eps));
        std::fill_n(scale + c, group, rstd[k]);
      }
      for (int64_t c = 0; c < width; ++c) {
        if (weight) scale[c] *= A(weight[c0 + c]);
        b[c] = bias ? A(bias[c0 + c]) : A(0);
      }
      for (int64_t p = 0; p < s.pixels; ++p)
        store_each<A>(width, out + p * row, [=, line = in + p * row](int64_t c) {
          const A z = (A(line[c]) - mu[c]) * scale[c] + b[c];
          return silu ? z * sigmoid_fast(z) : z;
        });
    }
  });
}

template <bool silu, class T>
void backward_channels(const T* x, const T* weight, const T* bias, const accumulate_t<T>* mean, const accumulate_t<T>* rstd, const T* dy, T* dx,
                       T* dweight, T* dbias, const GroupNormShape& s) {
  using A = accumulate_t<T>;
  const Tasks tasks(s);
  const int64_t group = s.channels / s.groups, row = s.channels;
  const A m = A(s.pixels * group);
  const Scratch<A, Device::cpu> all_sums(2 * s.batch * s.channels);
  A* sums = all_sums.data();  // of dz and of dz n, by image and channel
  parallel_for(tasks.count, tasks.grain(s), [&](int64_t first, int64_t last) {
    const Scratch<A, Device::cpu> scratch(6 * tasks.width + (silu ? s.pixels * tasks.width : 0));
    A *mu = scratch.data(), *r = mu + tasks.width, *w = r + tasks.width, *b = w + tasks.width, *mean_dz = b + tasks.width,
      *slope = mean_dz + tasks.width, *dz = slope + tasks.width;
    for (int64_t task = first; task < last; ++task) {
      const int64_t n = task / tasks.blocks, c0 = task % tasks.blocks * tasks.width, width = std::min(tasks.width, s.channels - c0);
      const int64_t start = n * s.pixels * row + c0;
      const T *in = x + start, *g = dy + start;
      A *sum_dz = sums + 2 * n * s.channels + c0, *sum_dzn = sum_dz + s.channels;
      for (int64_t c = 0, k = n * s.groups + c0 / group; c < width; c += group, ++k) {
        std::fill_n(mu + c, group, mean[k]);
        std::fill_n(r + c, group, rstd[k]);
      }
      for (int64_t c = 0; c < width; ++c) {
        w[c] = weight ? A(weight[c0 + c]) : A(1);
        b[c] = bias ? A(bias[c0 + c]) : A(0);
      }
      sum_pixels<A>(s.pixels, width, sum_dz, sum_dzn, [=](int64_t p, int64_t c, A& sum, A& sum_n) {
        const A normal = (A(in[p * row + c]) - mu[c]) * r[c];
        A d = A(g[p * row + c]);
        if constexpr (silu) {
          const A z = normal * w[c] + b[c], sigma = sigmoid_fast(z);
          d *= sigma * (1 + z * (1 - sigma));
          dz[p * width + c] = d;
        }
        sum += d;
        sum_n += d * normal;
      });
      if (!dx) continue;
      for (int64_t c = 0; c < width; ++c) {
        mean_dz[c] = w[c] * sum_dz[c];
        slope[c] = w[c] * sum_dzn[c];
      }
      spread_group_means(mean_dz, width, group, m);
      spread_group_means(slope, width, group, m);
      for (int64_t c = 0; c < width; ++c) slope[c] *= r[c];
      T* out = dx + start;
      for (int64_t p = 0; p < s.pixels; ++p)
        store_each<A>(width, out + p * row, [=](int64_t c) {
          const A d = silu ? dz[p * width + c] : A(g[p * row + c]);
          return r[c] * (w[c] * d - mean_dz[c] - (A(in[p * row + c]) - mu[c]) * slope[c]);
        });
    }
  });
  const auto over_images = [&](A* first, T* total) {
    for (int64_t n = 1; n < s.batch; ++n)
#pragma omp simd
      for (int64_t c = 0; c < s.channels; ++c) first[c] += first[2 * n * s.channels + c];
    for (int64_t c = 0; c < s.channels; ++c) total[c] = T(s.batch == 0 ? A(0) : first[c]);
  };
  if (dbias) over_images(sums, dbias);
  if (dweight) over_images(sums + s.channels, dweight);
}

template <class T>
void forward_vector(const T* x, const T* weight, const T* bias, T* y, accumulate_t<T>* mean, accumulate_t<T>* rstd, const GroupNormShape& s) {
  if (is_layer_norm(s)) return layer_norm_forward(x, weight, bias, y, mean, rstd, s);
  return s.silu ? forward_channels<true>(x, weight, bias, y, mean, rstd, s) : forward_channels<false>(x, weight, bias, y, mean, rstd, s);
}

template <class T>
void backward_vector(const T* x, const T* weight, const T* bias, const accumulate_t<T>* mean, const accumulate_t<T>* rstd, const T* dy, T* dx,
                     T* dweight, T* dbias, const GroupNormShape& s) {
  if (is_layer_norm(s)) return layer_norm_backward(x, weight, mean, rstd, dy, dx, dweight, dbias, s);
  return s.silu ? backward_channels<true>(x, weight, bias, mean, rstd, dy, dx, dweight, dbias, s)
                : backward_channels<false>(x, weight, bias, mean, rstd, dy, dx, dweight, dbias, s);
}

}  // namespace

ITO_REGISTER_KERNEL(GroupNormForward, Device::cpu, "vector", forward_vector, float, double, bfloat16);
ITO_REGISTER_KERNEL(GroupNormBackward, Device::cpu, "vector", backward_vector, float, double, bfloat16);

}  // namespace ito::kernels
