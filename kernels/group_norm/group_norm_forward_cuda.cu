// Group norm (formulas: group_norm.h), the way forward.
//
// 1. naive    a thread a group.
// 2. block    a warp a group, a block for groups above 1,024 values: mean, then squares, then y; the second and third walk find x in the cache.
//             Groups of few channels use little of each 32 bytes that memory delivers, and few groups leave the device idle: batch norm is both.
// 3. columns  for those: threads go along the channels, blocks sum segments of pixels (moments, merged in a fixed order), then a launch joins the
//             channels of a group, and one writes y. The others go as before. Limited by memory: x is read once or twice, y written once.
#include "kernels/group_norm/device.h"

namespace ito::kernels {

namespace {

constexpr int threads = norm_threads;

template <class T>
__global__ void __launch_bounds__(threads)
    norm_of_thread(const T* x, const T* weight, const T* bias, T* y, accumulate_t<T>* mean, accumulate_t<T>* rstd, NormGeometry s) {
  using A = accumulate_t<T>;
  const int k = int(global_thread());
  if (k >= s.batch * s.groups) return;
  const int first = s.first_channel(k);
  x += s.start(k);
  y += s.start(k);
  A sum = 0, squares = 0;
  for (int64_t p = 0; p < s.pixels; ++p)
    for (int c = 0; c < s.width; ++c) sum += A(x[p * s.channels + c]);
  const A mu = sum / A(s.values);
  for (int64_t p = 0; p < s.pixels; ++p)
    for (int c = 0; c < s.width; ++c) {
      const A distance = A(x[p * s.channels + c]) - mu;
      squares += distance * distance;
    }
  const A r = 1 / std::sqrt(squares / A(s.values) + A(s.eps));
  for (int64_t p = 0; p < s.pixels; ++p)
    for (int c = 0; c < s.width; ++c) {
      const int64_t i = p * s.channels + c;
      y[i] = T(norm_output((A(x[i]) - mu) * r * element_or<A>(weight, first + c, 1) + element_or<A>(bias, first + c, 0), s.silu));
    }
  mean[k] = mu;
  rstd[k] = r;
}

// Block: (team, groups).
// occupancy: >= 50 %
template <int team, int lanes, class T>
__global__ void __launch_bounds__(threads)
    norm_of_team(const T* x, const T* weight, const T* bias, T* y, accumulate_t<T>* mean, accumulate_t<T>* rstd, NormGeometry s) {
  using A = accumulate_t<T>;
  const int k = int(blockIdx.x * blockDim.y + threadIdx.y);
  if (k >= s.batch * s.groups) return;  // whole teams
  const int first = s.first_channel(k);
  x += s.start(k);
  y += s.start(k);
  const bool packed = packs_at<lanes>(x, y);
  A sum = 0, squares = 0;
  for_group<team, lanes>(s, [&](int64_t i, int) {
    const auto in = load_lanes<lanes>(x + i, packed);
#pragma unroll
    for (int l = 0; l < lanes; ++l) sum += A(in.element[l]);
  });
  const A mu = block_sum<team>(sum) / A(s.values);
  for_group<team, lanes>(s, [&](int64_t i, int) {
    const auto in = load_lanes<lanes>(x + i, packed);
#pragma unroll
    for (int l = 0; l < lanes; ++l) squares += (A(in.element[l]) - mu) * (A(in.element[l]) - mu);
  });
  const A r = 1 / std::sqrt(block_sum<team>(squares) / A(s.values) + A(s.eps));
  for_group<team, lanes>(s, [&](int64_t i, int c) {
    auto pack = load_lanes<lanes>(x + i, packed);
#pragma unroll
    for (int l = 0; l < lanes; ++l) {
      const A w = element_or<A>(weight, first + c + l, 1), b = element_or<A>(bias, first + c + l, 0);
      pack.element[l] = T(norm_output((A(pack.element[l]) - mu) * r * w + b, s.silu));
    }
    store_lanes(y + i, pack, packed);
  });
  if (threadIdx.x == 0) {
    mean[k] = mu;
    rstd[k] = r;
  }
}

// The moments of a channel in a segment of one image: states (segments, channels).
// occupancy: >= 50 %
template <class T>
__global__ void __launch_bounds__(threads) channel_moments(const T* x, Moments<accumulate_t<T>>* states, NormGeometry s, Segments segments) {
  using A = accumulate_t<T>;
  const int c = segments.channel(), last = segments.last_row();
  auto state = Moments<A>::empty();
  if (c < s.channels)
    for (int row = segments.first_row() + int(threadIdx.y); row < last; row += int(blockDim.y)) state.add(A(x[int64_t(row) * s.channels + c]));
  state = column_merge<threads>(state);
  if (threadIdx.y == 0 && c < s.channels) states[int64_t(segments.segment()) * s.channels + c] = state;
}

// A warp a group joins the states of its image's segments and its channels. Block: (32, groups).
template <class A>
__global__ void __launch_bounds__(threads, 4) group_moments(const Moments<A>* states, A* mean, A* rstd, NormGeometry s, int parts) {
  const int k = int(blockIdx.x * blockDim.y + threadIdx.y);
  if (k >= s.batch * s.groups) return;
  states += int64_t(k / s.groups) * parts * s.channels + s.first_channel(k);
  auto state = Moments<A>::empty();
  for (int64_t i = threadIdx.x; i < int64_t(parts) * s.width; i += warp_lanes) state.merge(states[i / s.width * s.channels + i % s.width]);
  state = warp_merge(state);
  if (threadIdx.x != 0) return;
  mean[k] = state.mean;
  rstd[k] = 1 / std::sqrt(state.squares / state.count + A(s.eps));
}

// Block: (packs of channels, rows).
// occupancy: >= 50 %
template <int lanes, class T>
__global__ void __launch_bounds__(threads)
    norm_rows(const T* x, const T* weight, const T* bias, T* y, const accumulate_t<T>* mean, const accumulate_t<T>* rstd, NormGeometry s) {
  using A = accumulate_t<T>;
  const int c = channel_of_thread(lanes);
  if (c >= s.channels) return;
  const bool packed = packs_at<lanes>(x, y);
  int group[lanes];
#pragma unroll
  for (int l = 0; l < lanes; ++l) group[l] = (c + l) / s.width;
  for (RowWalk at = rows_of_thread(s); at.row < s.rows; at.next()) {
    const int64_t i = int64_t(at.row) * s.channels + c;
    auto pack = load_lanes<lanes>(x + i, packed);
#pragma unroll
    for (int l = 0; l < lanes; ++l) {
      const int k = at.image * s.groups + group[l];
      const A n = (A(pack.element[l]) - mean[k]) * rstd[k];
      pack.element[l] = T(norm_output(n * element_or<A>(weight, c + l, 1) + element_or<A>(bias, c + l, 0), s.silu));
    }
    store_lanes(y + i, pack, packed);
  }
}

template <class T>
void forward_naive(const T* x, const T* weight, const T* bias, T* y, accumulate_t<T>* mean, accumulate_t<T>* rstd, const GroupNormShape& shape) {
  const NormGeometry s(shape);
  if (s.empty()) return;
  launch(&norm_of_thread<T>, {unsigned((s.all_groups() + threads - 1) / threads), threads}, x, weight, bias, y, mean, rstd, s);
}

template <class T>
void forward_block(const T* x, const T* weight, const T* bias, T* y, accumulate_t<T>* mean, accumulate_t<T>* rstd, const GroupNormShape& shape) {
  const NormGeometry s(shape);
  if (s.empty()) return;
  with_lanes<T>(s.width, [&]<int lanes>() {
    with_row_team(s.all_groups(), s.values, [&]<int team>(dim3 grid, dim3 block) {
      launch(&norm_of_team<team, lanes, T>, {grid, block}, x, weight, bias, y, mean, rstd, s);
    });
  });
}

template <class T>
void forward_columns(const T* x, const T* weight, const T* bias, T* y, accumulate_t<T>* mean, accumulate_t<T>* rstd, const GroupNormShape& shape) {
  using A = accumulate_t<T>;
  const NormGeometry s(shape);
  if (s.empty() || !wants_columns(s, sizeof(T))) return forward_block(x, weight, bias, y, mean, rstd, shape);
  const Segments segments(s.batch, s.pixels, s.channels);
  const Scratch<Moments<A>, Device::cuda> states(int64_t(segments.count) * s.channels);
  launch(&channel_moments<T>, segments.launch_shape(), x, states.data(), s, segments);
  launch(&group_moments<A>, {unsigned((s.all_groups() + 7) / 8), dim3(32, 8)}, states.data(), mean, rstd, s, segments.parts);
  with_lanes<T>(s.channels, [&]<int lanes>() { launch(&norm_rows<lanes, T>, packs_and_rows(s, lanes), x, weight, bias, y, mean, rstd, s); });
}

}  // namespace

ITO_REGISTER_KERNEL(GroupNormForward, Device::cuda, "naive", forward_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(GroupNormForward, Device::cuda, "block", forward_block, float, double, bfloat16);
ITO_REGISTER_KERNEL(GroupNormForward, Device::cuda, "columns", forward_columns, float, double, bfloat16);

}  // namespace ito::kernels
