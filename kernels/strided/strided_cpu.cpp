#include "kernels/strided/strided.h"

#include "kernels/parallel.h"

namespace ito::kernels {

int64_t Walk::numel() const {
  int64_t n = 1;
  for (const Axis& axis : axes) n *= axis.extent;
  return n;
}

int64_t Walk::offset(int64_t index) const {
  int64_t sum = 0;
  for (size_t i = axes.size(); i-- > 0;) {
    sum += index % axes[i].extent * axes[i].stride;
    index /= axes[i].extent;
  }
  return sum;
}

Walk Walk::merged() const {
  Walk out;
  for (const Axis& axis : axes) {
    if (axis.extent == 1) continue;
    if (!out.axes.empty() && out.axes.back().stride == axis.stride * axis.extent)
      out.axes.back() = {out.axes.back().extent * axis.extent, axis.stride};
    else
      out.axes.push_back(axis);
  }
  if (out.axes.empty()) out.axes.push_back({1, 1});
  return out;
}

namespace {

template <class T>
void read_reference(const T* x, T* y, const Walk& walk) {
  for (int64_t i = 0; i < walk.numel(); ++i) y[i] = x[walk.offset(i)];
}

template <class T>
void write_reference(const T* x, T* y, const Walk& walk) {
  for (int64_t i = 0; i < walk.numel(); ++i) y[walk.offset(i)] = x[i];
}

// Calls row(dense offset, strided offset, rows, columns, row stride, column stride) for two-dimensional parts of the walk, its last two axes.
template <class Part>
void for_planes(const Walk& full, Part&& part) {
  Walk walk = full.merged();
  if (walk.numel() == 0) return;
  if (walk.axes.size() == 1) walk.axes.insert(walk.axes.begin(), {1, 0});
  const Walk::Axis columns = walk.axes.back(), rows = walk.axes[walk.axes.size() - 2];
  Walk outer;
  outer.axes.assign(walk.axes.begin(), walk.axes.end() - 2);
  const int64_t block = std::max<int64_t>(1, (1 << 14) / columns.extent), row_blocks = ceil_div(rows.extent, block);
  parallel_for(outer.numel() * row_blocks, std::max<int64_t>(1, (1 << 14) / (std::min(block, rows.extent) * columns.extent)),
               [&](int64_t first, int64_t last) {
                 for (int64_t task = first; task < last; ++task) {
                   const int64_t plane = task / row_blocks, r = task % row_blocks * block;
                   part((plane * rows.extent + r) * columns.extent, outer.offset(plane) + r * rows.stride, std::min(block, rows.extent - r),
                        columns.extent, rows.stride, columns.stride);
                 }
               });
}

// Runs of neighbours are copied whole; a transpose goes through tiles, whose lines stay in the cache while both sides are walked.
constexpr int64_t tile = 16;

template <class T, class Move>
void move_plane(int64_t rows, int64_t columns, int64_t row_stride, int64_t column_stride, Move&& move) {
  if (column_stride == 1 || row_stride != 1) {
    for (int64_t r = 0; r < rows; ++r) move(r * columns, r * row_stride, columns, column_stride);
    return;
  }
  for (int64_t r = 0; r < rows; r += tile)
    for (int64_t c = 0; c < columns; c += tile)
      for (int64_t i = r; i < std::min(rows, r + tile); ++i) move(i * columns + c, i + c * column_stride, std::min(tile, columns - c), column_stride);
}

template <class T>
void read_tiled(const T* x, T* y, const Walk& walk) {
  for_planes(walk, [=](int64_t dense, int64_t strided, int64_t rows, int64_t columns, int64_t row_stride, int64_t column_stride) {
    move_plane<T>(rows, columns, row_stride, column_stride, [=](int64_t to, int64_t from, int64_t n, int64_t stride) {
      T* out = y + dense + to;
      const T* in = x + strided + from;
      if (stride == 1)
        std::copy_n(in, n, out);
      else
        for (int64_t i = 0; i < n; ++i) out[i] = in[i * stride];
    });
  });
}

template <class T>
void write_tiled(const T* x, T* y, const Walk& walk) {
  for_planes(walk, [=](int64_t dense, int64_t strided, int64_t rows, int64_t columns, int64_t row_stride, int64_t column_stride) {
    move_plane<T>(rows, columns, row_stride, column_stride, [=](int64_t from, int64_t to, int64_t n, int64_t stride) {
      T* out = y + strided + to;
      const T* in = x + dense + from;
      if (stride == 1)
        std::copy_n(in, n, out);
      else
        for (int64_t i = 0; i < n; ++i) out[i * stride] = in[i];
    });
  });
}

}  // namespace

ITO_REGISTER_KERNEL(StridedRead, Device::cpu, "reference", read_reference, float, double, bfloat16, int64_t, int32_t, uint8_t, bool);
ITO_REGISTER_KERNEL(StridedRead, Device::cpu, "tiled", read_tiled, float, double, bfloat16, int64_t, int32_t, uint8_t, bool);
ITO_REGISTER_KERNEL(StridedWrite, Device::cpu, "reference", write_reference, float, double, bfloat16, int64_t, int32_t, uint8_t, bool);
ITO_REGISTER_KERNEL(StridedWrite, Device::cpu, "tiled", write_tiled, float, double, bfloat16, int64_t, int32_t, uint8_t, bool);

}  // namespace ito::kernels
