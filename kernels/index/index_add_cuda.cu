// Adding at given places along an axis: scatter_add and index_add. Every element of x has one thread that adds to it, in the order of i: no atomics,
// and the bits of the cpu's loop, on any grid.
//
// 1. naive    a thread an element of x looks through all `count` indices for its own place.
// 2. binned   scatter_add: a thread has 16 places of a column as sums in shared memory and adds to the one that an index names, so that the indices
//             are looked through a sixteenth as often. Limited by reading them extent / 16 times.
// 2. voted    index_add: a block has one place, whose indices its threads look for together, each a different i; their votes tell every thread which
//             slices of y to add. Limited by the index of 8 bytes that each block reads for each i, from the cache.
#include "kernels/cuda/cuda.h"
#include "kernels/index/index.h"

namespace ito::kernels {

namespace {

constexpr int threads = 128;

// `stride` between the indices of neighbouring i: inner for scatter_add, whose index is (outer, count, inner), else 1.
template <class T>
__global__ void __launch_bounds__(threads) add_to_elements(const T* y, const int64_t* index, T* x, IndexShape s, bool index_by_column, int64_t n) {
  const int64_t k = global_thread();
  if (k >= n) return;
  const int64_t c = k % s.inner, place = k / s.inner % s.extent, first = k / (s.extent * s.inner) * s.count * s.inner + c;
  accumulate_t<T> sum = x[k];
  for (int64_t i = 0; i < s.count; ++i)
    if (index[index_by_column ? first + i * s.inner : i] == place) sum += accumulate_t<T>(y[first + i * s.inner]);
  x[k] = T(sum);
}

// Block: (columns, parts of the extent), 128 threads in all; a column is an (o, c). Bank conflicts there are none: whatever bin a lane adds to, it is
// in the lane's own bank.
constexpr int bins = 16;

// occupancy: >= 50 %
template <class T>
__global__ void __launch_bounds__(threads) add_to_bins(const T* y, const int64_t* index, T* x, IndexShape s) {
  using A = accumulate_t<T>;
  __shared__ A bin[bins][threads];
  const int own = int(threadIdx.y * blockDim.x + threadIdx.x);
  const int64_t column = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (column >= s.outer * s.inner) return;
  const int64_t o = column / s.inner, c = column - o * s.inner;
  const T* from = y + o * s.count * s.inner + c;
  const int64_t* place = index + o * s.count * s.inner + c;
  for (int64_t part = int64_t(blockIdx.y) * blockDim.y + threadIdx.y; part * bins < s.extent; part += int64_t(gridDim.y) * blockDim.y) {
    T* to = x + (o * s.extent + part * bins) * s.inner + c;
    const int held = int(std::min(int64_t(bins), s.extent - part * bins));
    for (int b = 0; b < held; ++b) bin[b][own] = A(to[b * s.inner]);
    for (int64_t i = 0; i < s.count; ++i) {
      const int64_t b = place[i * s.inner] - part * bins;
      if (0 <= b && b < held) bin[b][own] += A(from[i * s.inner]);
    }
    for (int b = 0; b < held; ++b) to[b * s.inner] = T(bin[b][own]);
  }
}

// A task is one place of an outer block and blockDim.x of its columns.
constexpr int most_threads = 256;

// occupancy: >= 75 %
template <class T>
__global__ void __launch_bounds__(most_threads) add_by_votes(const T* y, const int64_t* index, T* x, IndexShape s, int64_t column_blocks) {
  using A = accumulate_t<T>;
  __shared__ uint32_t votes[2][most_threads / 32];  // by turns, so that one barrier a step is enough
  int turn = 0;
  for (int64_t task = blockIdx.x; task < s.outer * s.extent * column_blocks; task += gridDim.x) {
    const int64_t row = task / column_blocks, o = row / s.extent, place = row - o * s.extent;
    const int64_t c = (task - row * column_blocks) * blockDim.x + threadIdx.x;
    const bool in_row = c < s.inner;
    const T* from = y + o * s.count * s.inner + c;
    A sum = in_row ? A(x[row * s.inner + c]) : A(0);
    for (int64_t first = 0; first < s.count; first += blockDim.x, turn ^= 1) {
      const bool found = first + threadIdx.x < s.count && index[first + threadIdx.x] == place;
      const uint32_t vote = __ballot_sync(full_warp, found);
      if (threadIdx.x % 32 == 0) votes[turn][threadIdx.x / 32] = vote;
      __syncthreads();
      for (unsigned w = 0; w < blockDim.x; w += 32)
        for (uint32_t rest = votes[turn][w / 32]; rest != 0; rest &= rest - 1)
          if (in_row) sum += A(from[(first + w + unsigned(__ffs(int(rest)) - 1)) * s.inner]);
    }
    if (in_row) x[row * s.inner + c] = T(sum);
  }
}

template <class T>
void add_naive(const T* y, const int64_t* index, T* x, const IndexShape& s, bool index_by_column) {
  const int64_t n = s.outer * s.extent * s.inner;
  if (n == 0 || s.count == 0) return;
  launch(&add_to_elements<T>, {unsigned((n + threads - 1) / threads), threads}, y, index, x, s, index_by_column, n);
}

template <class T>
void scatter_add_naive(const T* y, const int64_t* index, T* x, const IndexShape& s) {
  add_naive(y, index, x, s, true);
}
template <class T>
void index_add_naive(const T* y, const int64_t* index, T* x, const IndexShape& s) {
  add_naive(y, index, x, s, false);
}

template <class T>
void scatter_add_binned(const T* y, const int64_t* index, T* x, const IndexShape& s) {
  const int64_t columns = s.outer * s.inner, parts = (s.extent + bins - 1) / bins;
  if (columns == 0 || parts == 0 || s.count == 0) return;
  unsigned width = threads;
  while (width / 2 >= columns) width /= 2;
  const unsigned height = threads / width;
  launch(&add_to_bins<T>,
         {{unsigned((columns + width - 1) / width), unsigned(std::min<int64_t>((parts + height - 1) / height, 65535))}, {width, height}}, y, index, x,
         s);
}

template <class T>
void index_add_voted(const T* y, const int64_t* index, T* x, const IndexShape& s) {
  if (s.outer * s.extent * s.inner == 0 || s.count == 0) return;
  const auto width = unsigned(std::min<int64_t>(most_threads, (s.inner + 31) / 32 * 32));
  const int64_t column_blocks = (s.inner + width - 1) / width, tasks = s.outer * s.extent * column_blocks;
  launch(&add_by_votes<T>, {unsigned(std::min<int64_t>(tasks, INT32_MAX)), width}, y, index, x, s, column_blocks);
}

}  // namespace

ITO_REGISTER_KERNEL(ScatterAdd, Device::cuda, "naive", scatter_add_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(ScatterAdd, Device::cuda, "binned", scatter_add_binned, float, double, bfloat16);
ITO_REGISTER_KERNEL(IndexAdd, Device::cuda, "naive", index_add_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(IndexAdd, Device::cuda, "voted", index_add_voted, float, double, bfloat16);

}  // namespace ito::kernels
