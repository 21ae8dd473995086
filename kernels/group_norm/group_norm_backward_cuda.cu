// Group norm (formulas: group_norm.h), the way back: dx needs two sums over each group, dweight and dbias two over each channel.
//
// 1. naive    a thread a group for dx, a thread a channel for dweight and dbias.
// 2. block    dx: a warp a group, a block for groups above 1,024 values; the second walk finds x and dy in the cache. dweight and dbias: blocks sum
//             tiles of channels over segments of rows, then a launch adds the segments in their order. x and dy are read twice.
// 3. columns  groups of few channels, and few groups: the sums over channels and segments serve all three, joined in a fixed order; threads go along
//             the channels. The others go as before. Limited by memory: two reads of x and dy, one write of dx.
#include "kernels/group_norm/device.h"

namespace ito::kernels {

namespace {

constexpr int threads = norm_threads;

// The arguments of all kernels here.
template <class T>
struct Operands {
  using A = accumulate_t<T>;
  const T *x, *weight, *bias;
  const A *mean, *rstd;
  const T* dy;

  // n = (x - mean) rstd, and dz, of a value in channel c and group k.
  struct Value {
    A n, dz;
  };
  __device__ Value value(A x_, A dy_, int c, int k, bool silu) const {
    const A n = (x_ - mean[k]) * rstd[k];
    return {n, norm_cotangent(dy_, n * element_or<A>(weight, c, 1) + element_or<A>(bias, c, 0), silu)};
  }
  // rstd (weight dz - mean of weight dz - n mean of weight dz n)
  __device__ T gradient(const Value& v, A mean_dz, A mean_dzn, int c, int k) const {
    return T(rstd[k] * (element_or<A>(weight, c, 1) * v.dz - mean_dz - v.n * mean_dzn));
  }
};

// ---- naive

template <class T>
__global__ void __launch_bounds__(threads, 3) dx_of_thread(Operands<T> o, T* dx, NormGeometry s) {
  using A = accumulate_t<T>;
  const int k = int(global_thread());
  if (k >= s.batch * s.groups) return;
  const int first = s.first_channel(k);
  const T *x = o.x + s.start(k), *dy = o.dy + s.start(k);
  dx += s.start(k);
  auto sums = TwoSums<A>::empty();
  for (int64_t p = 0; p < s.pixels; ++p)
    for (int c = 0; c < s.width; ++c) {
      const int64_t i = p * s.channels + c;
      const auto v = o.value(A(x[i]), A(dy[i]), first + c, k, s.silu);
      const A weighted = element_or<A>(o.weight, first + c, 1) * v.dz;
      sums.add(weighted, weighted * v.n);
    }
  for (int64_t p = 0; p < s.pixels; ++p)
    for (int c = 0; c < s.width; ++c) {
      const int64_t i = p * s.channels + c;
      dx[i] = o.gradient(o.value(A(x[i]), A(dy[i]), first + c, k, s.silu), sums.first / A(s.values), sums.second / A(s.values), first + c, k);
    }
}

template <class T>
__global__ void __launch_bounds__(threads) parameters_of_thread(Operands<T> o, T* dweight, T* dbias, NormGeometry s) {
  using A = accumulate_t<T>;
  const int c = int(global_thread());
  if (c >= s.channels) return;
  auto sums = TwoSums<A>::empty();
  for (int row = 0; row < s.rows; ++row) {
    const int64_t i = int64_t(row) * s.channels + c;
    const auto v = o.value(A(o.x[i]), A(o.dy[i]), c, row / s.pixels * s.groups + c / s.width, s.silu);
    sums.add(v.dz, v.dz * v.n);
  }
  if (dweight) dweight[c] = T(sums.second);
  if (dbias) dbias[c] = T(sums.first);
}

// ---- block

// Block: (team, groups).
// occupancy: >= 50 %
template <int team, int lanes, class T>
__global__ void __launch_bounds__(threads) dx_of_team(Operands<T> o, T* dx, NormGeometry s) {
  using A = accumulate_t<T>;
  const int k = int(blockIdx.x * blockDim.y + threadIdx.y);
  if (k >= s.batch * s.groups) return;  // whole teams
  const int first = s.first_channel(k);
  const T *x = o.x + s.start(k), *dy = o.dy + s.start(k);
  dx += s.start(k);
  const bool packed = packs_at<lanes>(x, dy, dx);
  auto sums = TwoSums<A>::empty();
  for_group<team, lanes>(s, [&](int64_t i, int c) {
    const auto in = load_lanes<lanes>(x + i, packed), g = load_lanes<lanes>(dy + i, packed);
#pragma unroll
    for (int l = 0; l < lanes; ++l) {
      const auto v = o.value(A(in.element[l]), A(g.element[l]), first + c + l, k, s.silu);
      const A weighted = element_or<A>(o.weight, first + c + l, 1) * v.dz;
      sums.add(weighted, weighted * v.n);
    }
  });
  sums = block_merge<team>(sums);
  const A mean_dz = sums.first / A(s.values), mean_dzn = sums.second / A(s.values);
  for_group<team, lanes>(s, [&](int64_t i, int c) {
    const auto in = load_lanes<lanes>(x + i, packed), g = load_lanes<lanes>(dy + i, packed);
    Pack<T, lanes> out;
#pragma unroll
    for (int l = 0; l < lanes; ++l) {
      const auto v = o.value(A(in.element[l]), A(g.element[l]), first + c + l, k, s.silu);
      out.element[l] = o.gradient(v, mean_dz, mean_dzn, first + c + l, k);
    }
    store_lanes(dx + i, out, packed);
  });
}

// sums (segments, channels) of dz and of dz n.
// occupancy: >= 50 %
template <class T>
__global__ void __launch_bounds__(threads) channel_sums(Operands<T> o, TwoSums<accumulate_t<T>>* sums, NormGeometry s, Segments segments) {
  using A = accumulate_t<T>;
  const int c = segments.channel(), last = segments.last_row();
  auto own = TwoSums<A>::empty();
  if (c < s.channels) {
    const int group = c / s.width;
    for (RowWalk at(segments.first_row() + int(threadIdx.y), int(blockDim.y), s.pixels); at.row < last; at.next()) {
      const int64_t i = int64_t(at.row) * s.channels + c;
      const auto v = o.value(A(o.x[i]), A(o.dy[i]), c, at.image * s.groups + group, s.silu);
      own.add(v.dz, v.dz * v.n);
    }
  }
  own = column_merge<threads>(own);
  if (threadIdx.y == 0 && c < s.channels) sums[int64_t(segments.segment()) * s.channels + c] = own;
}

// Block: (channels, walkers).
// occupancy: >= 50 %
template <class T>
__global__ void __launch_bounds__(threads) add_segments(const TwoSums<accumulate_t<T>>* sums, T* dweight, T* dbias, int channels, int segments) {
  const int c = int(blockIdx.x * blockDim.x + threadIdx.x);
  auto total = TwoSums<accumulate_t<T>>::empty();
  if (c < channels)
    for (int i = int(threadIdx.y); i < segments; i += int(blockDim.y)) total.merge(sums[int64_t(i) * channels + c]);
  total = column_merge<threads>(total);
  if (threadIdx.y != 0 || c >= channels) return;
  if (dweight) dweight[c] = T(total.second);
  if (dbias) dbias[c] = T(total.first);
}

// ---- columns

// The two means of a group, a warp each. Block: (32, groups).
template <class T>
__global__ void __launch_bounds__(threads)
    group_means(const TwoSums<accumulate_t<T>>* sums, const T* weight, TwoSums<accumulate_t<T>>* means, NormGeometry s, int parts) {
  using A = accumulate_t<T>;
  const int k = int(blockIdx.x * blockDim.y + threadIdx.y), first = s.first_channel(k);
  if (k >= s.batch * s.groups) return;
  sums += int64_t(k / s.groups) * parts * s.channels;
  auto total = TwoSums<A>::empty();
  for (int64_t i = threadIdx.x; i < int64_t(parts) * s.width; i += warp_lanes) {
    const int c = first + int(i % s.width);
    const A w = element_or<A>(weight, c, 1);
    const TwoSums<A> one = sums[i / s.width * s.channels + c];
    total.add(w * one.first, w * one.second);
  }
  total = warp_merge(total);
  if (threadIdx.x == 0) means[k] = {total.first / A(s.values), total.second / A(s.values)};
}

// Block: (packs of channels, rows).
// occupancy: >= 50 %
template <int lanes, class T>
__global__ void __launch_bounds__(threads) dx_rows(Operands<T> o, const TwoSums<accumulate_t<T>>* means, T* dx, NormGeometry s) {
  using A = accumulate_t<T>;
  const int c = channel_of_thread(lanes);
  if (c >= s.channels) return;
  const bool packed = packs_at<lanes>(o.x, o.dy, dx);
  int group[lanes];
#pragma unroll
  for (int l = 0; l < lanes; ++l) group[l] = (c + l) / s.width;
  for (RowWalk at = rows_of_thread(s); at.row < s.rows; at.next()) {
    const int64_t i = int64_t(at.row) * s.channels + c;
    const auto in = load_lanes<lanes>(o.x + i, packed), g = load_lanes<lanes>(o.dy + i, packed);
    Pack<T, lanes> out;
#pragma unroll
    for (int l = 0; l < lanes; ++l) {
      const int k = at.image * s.groups + group[l];
      out.element[l] = o.gradient(o.value(A(in.element[l]), A(g.element[l]), c + l, k, s.silu), means[k].first, means[k].second, c + l, k);
    }
    store_lanes(dx + i, out, packed);
  }
}

// ---- launches

template <class T>
using Stat = const accumulate_t<T>*;

template <class T>
void backward_naive(const T* x, const T* weight, const T* bias, Stat<T> mean, Stat<T> rstd, const T* dy, T* dx, T* dweight, T* dbias,
                    const GroupNormShape& shape) {
  const NormGeometry s(shape);
  const Operands<T> o{x, weight, bias, mean, rstd, dy};
  const auto blocks = [](int n) { return unsigned((n + threads - 1) / threads); };
  if (dx && !s.empty()) launch(&dx_of_thread<T>, {blocks(s.all_groups()), threads}, o, dx, s);
  if ((dweight || dbias) && s.channels > 0) launch(&parameters_of_thread<T>, {blocks(s.channels), threads}, o, dweight, dbias, s);
}

template <class T>
void sum_channels(const Operands<T>& o, TwoSums<accumulate_t<T>>* sums, const NormGeometry& s, const Segments& segments) {
  if (!s.empty()) launch(&channel_sums<T>, segments.launch_shape(), o, sums, s, segments);
}
template <class T>
void sum_segments(const TwoSums<accumulate_t<T>>* sums, T* dweight, T* dbias, const NormGeometry& s, const Segments& segments) {
  launch(&add_segments<T>, {unsigned(segments.tiles), dim3(segments.tile, segments.walkers)}, sums, dweight, dbias, s.channels,
         s.empty() ? 0 : segments.count);
}

template <class T>
void backward_block(const T* x, const T* weight, const T* bias, Stat<T> mean, Stat<T> rstd, const T* dy, T* dx, T* dweight, T* dbias,
                    const GroupNormShape& shape) {
  const NormGeometry s(shape);
  const Operands<T> o{x, weight, bias, mean, rstd, dy};
  if (dx && !s.empty())
    with_lanes<T>(s.width, [&]<int lanes>() {
      with_row_team(s.all_groups(), s.values, [&]<int team>(dim3 grid, dim3 block) { launch(&dx_of_team<team, lanes, T>, {grid, block}, o, dx, s); });
    });
  if ((!dweight && !dbias) || s.channels == 0) return;
  const Segments segments(1, s.rows, s.channels);
  const Scratch<TwoSums<accumulate_t<T>>, Device::cuda> sums(int64_t(segments.count) * s.channels);
  sum_channels(o, sums.data(), s, segments);
  sum_segments(sums.data(), dweight, dbias, s, segments);
}

template <class T>
void backward_columns(const T* x, const T* weight, const T* bias, Stat<T> mean, Stat<T> rstd, const T* dy, T* dx, T* dweight, T* dbias,
                      const GroupNormShape& shape) {
  using Sums = TwoSums<accumulate_t<T>>;
  const NormGeometry s(shape);
  if (s.empty() || !wants_columns(s, sizeof(T))) return backward_block(x, weight, bias, mean, rstd, dy, dx, dweight, dbias, shape);
  const Operands<T> o{x, weight, bias, mean, rstd, dy};
  const Segments segments(s.batch, s.pixels, s.channels);
  const Scratch<Sums, Device::cuda> sums(int64_t(segments.count) * s.channels);
  sum_channels(o, sums.data(), s, segments);
  if (dweight || dbias) sum_segments(sums.data(), dweight, dbias, s, segments);
  if (!dx) return;
  const Scratch<Sums, Device::cuda> means(s.all_groups());
  launch(&group_means<T>, {unsigned((s.all_groups() + 7) / 8), dim3(32, 8)}, sums.data(), weight, means.data(), s, segments.parts);
  with_lanes<T>(s.channels, [&]<int lanes>() { launch(&dx_rows<lanes, T>, packs_and_rows(s, lanes), o, means.data(), dx, s); });
}

}  // namespace

ITO_REGISTER_KERNEL(GroupNormBackward, Device::cuda, "naive", backward_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(GroupNormBackward, Device::cuda, "block", backward_block, float, double, bfloat16);
ITO_REGISTER_KERNEL(GroupNormBackward, Device::cuda, "columns", backward_columns, float, double, bfloat16);

}  // namespace ito::kernels
