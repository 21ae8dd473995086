// Running sums along an axis; the order of additions depends on the extent alone.
//
// 1. naive    a thread a line. Where the axis is the last, neighbouring threads read addresses a whole line apart, one sector each.
// 2. scan     a warp a line, or a block where it is long: each thread sums 16 bytes of neighbours, the warp scans the threads' totals by shuffles
// (Hillis &
//             Steele 1986), the block those of its warps; then on to the next part of the line. Limited by memory; a single long line by one
//             multiprocessor. Many lines that lie side by side are read by neighbouring threads as they are, and stay with the first rung.
#include "kernels/cuda/cuda.h"
#include "kernels/cumsum/cumsum.h"

namespace ito::kernels {

namespace {

constexpr int threads = 256;

// Element k of a line, in the order of summing, is at first + k * step.
struct Line {
  int64_t first, step;
  __device__ Line(const CumsumShape& s, int64_t line) : step(s.backwards ? -s.inner : s.inner) {
    const int64_t o = line / s.inner, c = line - o * s.inner;
    first = o * s.extent * s.inner + c + (s.backwards ? (s.extent - 1) * s.inner : 0);
  }
};

template <class T>
__global__ void __launch_bounds__(threads) cumsum_one(const T* x, T* y, CumsumShape s, int64_t lines) {
  if (global_thread() >= lines) return;
  const Line line(s, global_thread());
  accumulate_t<T> sum = 0;
  for (int64_t k = 0; k < s.extent; ++k) {
    sum += accumulate_t<T>(x[line.first + k * line.step]);
    y[line.first + k * line.step] = T(sum);
  }
}

// Block: (threads of a line, lines). `packed`: neighbours in memory are neighbours of the line, and lines are whole packs.
// occupancy: >= 50 %
template <class T, int line_threads, bool packed>
__global__ void __launch_bounds__(threads) cumsum_lines(const T* x, T* y, CumsumShape s, int64_t lines) {
  using A = accumulate_t<T>;
  constexpr int items = 16 / int(sizeof(T)), warps = line_threads / 32;
  [[maybe_unused]] __shared__ A totals[2][warps];  // by turns, so that one barrier a part is enough
  const int64_t index = int64_t(blockIdx.x) * blockDim.y + threadIdx.y;
  if (index >= lines) return;  // whole warps, and never where a block has one line
  const Line line(s, index);
  const int lane = int(threadIdx.x) % 32;
  [[maybe_unused]] const int warp = int(threadIdx.x) / 32;
  [[maybe_unused]] int turn = 0;
  A carry = 0;
  for (int64_t part = 0; part < s.extent; part += line_threads * items, turn ^= 1) {
    const int64_t k = part + int64_t(threadIdx.x) * items, left = s.extent - k;
    const int64_t pack_at = s.backwards ? line.first - k - (items - 1) : line.first + k;
    A sum[items];
    if constexpr (packed) {
      Pack<T, items> pack{};
      if (left > 0) pack = load_pack<T, items>(x + pack_at);
#pragma unroll
      for (int l = 0; l < items; ++l) sum[l] = A(s.backwards ? pack.element[items - 1 - l] : pack.element[l]);
    } else {
#pragma unroll
      for (int l = 0; l < items; ++l) sum[l] = l < left ? A(x[line.first + (k + l) * line.step]) : A(0);
    }
#pragma unroll
    for (int l = 1; l < items; ++l) sum[l] += sum[l - 1];

    A upto = sum[items - 1];  // this thread, of those of its warp
#pragma unroll
    for (int distance = 1; distance < 32; distance *= 2) {
      const A below = __shfl_up_sync(full_warp, upto, distance);
      if (lane >= distance) upto = below + upto;
    }
    A before = __shfl_up_sync(full_warp, upto, 1);
    if (lane == 0) before = 0;
    A whole = 0;
    if constexpr (warps == 1) {
      whole = __shfl_sync(full_warp, upto, 31);
    } else {
      if (lane == 31) totals[turn][warp] = upto;
      __syncthreads();
#pragma unroll
      for (int w = 0; w < warps; ++w) {
        if (w == warp) before = whole + before;
        whole += totals[turn][w];
      }
    }

    before = carry + before;
    if constexpr (packed) {
      Pack<T, items> pack;
#pragma unroll
      for (int l = 0; l < items; ++l) pack.element[l] = T(before + (s.backwards ? sum[items - 1 - l] : sum[l]));
      if (left > 0) store_pack<T, items>(y + pack_at, pack);
    } else {
#pragma unroll
      for (int l = 0; l < items; ++l)
        if (l < left) y[line.first + (k + l) * line.step] = T(before + sum[l]);
    }
    carry += whole;
  }
}

template <class T>
void cumsum_naive(const T* x, T* y, const CumsumShape& s) {
  const int64_t lines = s.outer * s.inner;
  if (lines == 0 || s.extent == 0) return;
  launch(&cumsum_one<T>, {unsigned((lines + threads - 1) / threads), threads}, x, y, s, lines);
}

template <class T, int line_threads, bool packed>
void launch_lines(const T* x, T* y, const CumsumShape& s, int64_t lines) {
  constexpr unsigned per_block = threads / line_threads;
  const auto blocks = unsigned((lines + per_block - 1) / per_block);
  launch(&cumsum_lines<T, line_threads, packed>, {blocks, {line_threads, per_block}}, x, y, s, lines);
}

template <class T>
void cumsum_scan(const T* x, T* y, const CumsumShape& s) {
  constexpr int64_t items = 16 / sizeof(T), short_line = 2 * 32 * items, many_lines = 1 << 13;
  const int64_t lines = s.outer * s.inner;
  if (lines == 0 || s.extent == 0) return;
  if (s.inner >= 32 && lines >= many_lines) return cumsum_naive(x, y, s);
  const bool packed = s.inner == 1 && s.extent % items == 0 && aligned_to(x, 16) && aligned_to(y, 16);
  if (s.extent <= short_line) return packed ? launch_lines<T, 32, true>(x, y, s, lines) : launch_lines<T, 32, false>(x, y, s, lines);
  return packed ? launch_lines<T, threads, true>(x, y, s, lines) : launch_lines<T, threads, false>(x, y, s, lines);
}

}  // namespace

ITO_REGISTER_KERNEL(Cumsum, Device::cuda, "naive", cumsum_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(Cumsum, Device::cuda, "scan", cumsum_scan, float, double, bfloat16);

}  // namespace ito::kernels
