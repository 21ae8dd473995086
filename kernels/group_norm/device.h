// What the CUDA kernels of group norm share: walks over a group, columns of channels, SiLU's part (formulas: group_norm.h).
#pragma once

#include <limits>

#include "kernels/cuda/parts.h"
#include "kernels/cuda/reduce.h"
#include "kernels/cuda/rows.h"
#include "kernels/group_norm/group_norm.h"
#include "kernels/scratch.h"
#include "tensor/error.h"

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

constexpr int norm_threads = 256;

// GroupNormShape as a kernel argument. A row is one pixel's channels.
struct NormGeometry {
  int batch, pixels, channels, groups, width, rows;  // width: channels of a group
  int64_t values;                                    // of a group
  double eps;
  bool silu;

  explicit NormGeometry(const GroupNormShape& s)
      : batch(int(s.batch)),
        pixels(int(s.pixels)),
        channels(int(s.channels)),
        groups(int(s.groups)),
        width(int(s.channels / s.groups)),
        rows(int(s.batch * s.pixels)),
        values(s.pixels * (s.channels / s.groups)),
        eps(s.eps),
        silu(s.silu) {
    constexpr int64_t most = std::numeric_limits<int>::max();
    ITO_CHECK(s.batch <= most && s.pixels <= most && s.batch * s.pixels <= most && s.channels <= most && s.batch * s.groups <= most,
              "the cuda kernels of group norm take at most ", most, " pixels, groups and channels; got ", s.batch, " x ", s.pixels, " x ",
              s.channels);
  }
  bool empty() const { return rows == 0 || channels == 0; }
  int all_groups() const { return batch * groups; }
  // Of group k of all.
  __device__ int first_channel(int k) const { return k % groups * width; }
  __device__ int64_t start(int k) const { return int64_t(k / groups) * pixels * channels + first_channel(k); }
};

template <class A, class T>
__device__ __forceinline__ A element_or(const T* x, int i, A otherwise) {
  return x ? A(x[i]) : otherwise;
}

template <class A>
__device__ __forceinline__ A norm_output(A z, bool silu) {
  return silu ? z * DeviceMath::sigmoid(z) : z;
}
// dz of dy.
template <class A>
__device__ __forceinline__ A norm_cotangent(A dy, A z, bool silu) {
  if (!silu) return dy;
  const A sigma = DeviceMath::sigmoid(z);
  return dy * sigma * (1 + z * (1 - sigma));
}

// f(i, c) for the packs of `lanes` channels of a group that fall to this thread of the team, `lanes` a divisor of the group's width: i is the pack's
// offset from the group's first value, c its first channel within the group. Neighbouring threads have neighbouring packs; no division in the loop.
template <int team, int lanes, class F>
__device__ __forceinline__ void for_group(const NormGeometry& s, F&& f) {
  const int width = s.width / lanes, rest = team % width;
  const int64_t packs = s.values / lanes, turn = int64_t(team / width) * s.channels + rest * lanes, wrap = s.channels - s.width;
  int c = int(threadIdx.x) % width;
  int64_t i = int64_t(int(threadIdx.x) / width) * s.channels + c * lanes;
  for (int64_t p = threadIdx.x; p < packs; p += team) {
    f(i, c * lanes);
    i += turn;
    c += rest;
    if (c >= width) {
      c -= width;
      i += wrap;
    }
  }
}

// Rows from `row` on in steps of `stride`, with the image that each belongs to.
struct RowWalk {
  int row, image, pixel, stride, images_a_step, pixels_a_step, pixels;
  __device__ RowWalk(int first, int stride_, int pixels_)
      : row(first),
        image(first / pixels_),
        pixel(first % pixels_),
        stride(stride_),
        images_a_step(stride_ / pixels_),
        pixels_a_step(stride_ % pixels_),
        pixels(pixels_) {}
  __device__ void next() {
    row += stride;
    image += images_a_step;
    pixel += pixels_a_step;
    if (pixel >= pixels) {
      pixel -= pixels;
      ++image;
    }
  }
};

// Columns: the rows of an image are cut into segments, a block sums a tile of channels over one. Block: (channels, walkers).
struct Segments {
  int rows, length, parts, count, tiles;  // rows and segments of an image; segments and tiles of all
  unsigned tile, walkers;

  // All images together may go as one.
  Segments(int images, int rows_, int channels) : rows(rows_), tile(channels <= 8 ? 8 : 32), walkers(norm_threads / tile) {
    tiles = (channels + int(tile) - 1) / int(tile);
    const Cut parts_of_image = cut(rows, int64_t(images) * tiles, 8 * walkers);
    length = int(parts_of_image.length);
    parts = int(parts_of_image.parts);
    count = images * parts;
  }
  Launch launch_shape() const { return {unsigned(int64_t(count) * tiles), dim3(tile, walkers)}; }

  // Of this block.
  __device__ int channel() const { return int(blockIdx.x) % tiles * int(blockDim.x) + int(threadIdx.x); }
  __device__ int segment() const { return int(blockIdx.x) / tiles; }
  __device__ int first_row() const { return segment() / parts * rows + segment() % parts * length; }
  __device__ int last_row() const {
    const int end = (segment() / parts + 1) * rows;
    return end - first_row() < length ? end : first_row() + length;
  }
};

// Packs of channels x rows of all images; the grid walks over rows. Block: (packs, rows).
inline Launch packs_and_rows(const NormGeometry& s, int lanes) {
  const int packs = s.channels / lanes;
  int x = 8;
  while (x < packs && x < norm_threads) x *= 2;
  return {dim3(blocks_for(s.rows, norm_threads / x), unsigned((packs + x - 1) / x)), dim3(unsigned(x), unsigned(norm_threads / x))};
}
__device__ __forceinline__ int channel_of_thread(int lanes) { return (int(blockIdx.y) * int(blockDim.x) + int(threadIdx.x)) * lanes; }
__device__ __forceinline__ RowWalk rows_of_thread(const NormGeometry& s) {
  return {int(blockIdx.x) * int(blockDim.y) + int(threadIdx.y), int(gridDim.x) * int(blockDim.y), s.pixels};
}

// Calls f.operator()<lanes>() with the widest packs that divide `channels`.
template <class T, class F>
void with_lanes(int channels, F&& f) {
  if (channels % row_pack<T> == 0)
    f.template operator()<row_pack<T>>();
  else
    f.template operator()<1>();
}

// Whether threads had better go along the channels: a group's own channels are less than a sector of 32 bytes, or there are few groups and they are
// large.
inline bool wants_columns(const NormGeometry& s, size_t size) { return size_t(s.width) * size < 32 || (s.all_groups() <= 64 && s.values >= 8192); }

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
