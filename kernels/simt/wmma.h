// Tensor cores on the emulator, as CUDA's <mma.h> has them: nvcuda::wmma for bf16 matrices of 16x16x16, 32x8x16 and 8x32x16, summed in float.
//
// CUDA leaves open which lane holds which element of a fragment. Here a lane holds runs of neighbours; when lanes run in reverse order they also
// hold the runs in reverse, so that a kernel that relies on a mapping gives other results. A fragment that nobody filled is NaN throughout.
// Included by kernels/simt/cuda.h.
#pragma once

#include <cmath>
#include <type_traits>

#include "kernels/simt/block.h"
#include "tensor/dtype.h"

using __nv_bfloat16 = ito::bfloat16;

namespace ito::simt {

// How a fragment of rows x cols lies over the lanes: runs along the rows, or along the columns.
struct Tile {
  int rows, cols, element_bytes;
  bool by_columns;
};

// What one lane wants of memory: its elements of a tile whose rows (or columns) are ldm elements apart.
struct TileAccess {
  const char* name;
  Tile tile;
  const void* memory;
  unsigned ldm;
  bool memory_by_columns;
  Place place;
};
void load_tile(const TileAccess& access, void* elements);
void store_tile(const TileAccess& access, const void* elements);

// d = a b + c for an m x k by k x n product; each pointer is to the calling lane's elements.
struct TileProduct {
  Tile a, b, c;
  const bfloat16 *a_elements, *b_elements;
  const float* c_elements;
  float* d_elements;
};
void multiply_tiles(const TileProduct& product, Place place);

}  // namespace ito::simt

namespace nvcuda {
inline namespace ITO_CUDA_SET {
namespace wmma {

struct matrix_a;
struct matrix_b;
struct accumulator;
struct row_major;
struct col_major;
enum layout_t { mem_row_major, mem_col_major };

template <class Use, int m, int n, int k, class T, class Layout = void>
struct fragment {
  static constexpr bool is_a = std::is_same_v<Use, matrix_a>, is_b = std::is_same_v<Use, matrix_b>, is_sum = std::is_same_v<Use, accumulator>;
  static_assert(k == 16 && m * n == 256 && (m == 8 || m == 16 || m == 32), "bf16 products are 16x16x16, 32x8x16 or 8x32x16");
  static_assert(is_sum ? std::is_same_v<T, float> : std::is_same_v<T, __nv_bfloat16>, "bf16 products are summed in float");
  static_assert(is_sum ? std::is_void_v<Layout> : std::is_same_v<Layout, row_major> || std::is_same_v<Layout, col_major>);

  using element_type = T;
  // NOLINTNEXTLINE(bugprone-branch-clone): equal where all extents are 16
  static constexpr int rows = is_b ? k : m, cols = is_a ? k : n, num_elements = rows * cols / ito::simt::warp_size;
  static constexpr ito::simt::Tile tile{rows, cols, int(sizeof(T)), std::is_same_v<Layout, col_major>};

  T x[num_elements];
  __attribute__((no_sanitize("thread"))) fragment() {
    for (int i = 0; i < num_elements; ++i) x[i] = T(NAN);
  }
};

#define ITO_WMMA __attribute__((always_inline, no_sanitize("thread"))) inline

template <class Use, int m, int n, int k, class T, class Layout>
ITO_WMMA void fill_fragment(fragment<Use, m, n, k, T, Layout>& f, const std::type_identity_t<T>& value) {
  for (int i = 0; i < f.num_elements; ++i) f.x[i] = value;
}

template <class Use, int m, int n, int k, class T, class Layout>
ITO_WMMA void load_matrix_sync(fragment<Use, m, n, k, T, Layout>& f, const std::type_identity_t<T>* memory, unsigned ldm, ITO_PLACE) {
  static_assert(!std::is_same_v<Use, accumulator>, "an accumulator is loaded with mem_row_major or mem_col_major");
  ito::simt::load_tile({"load_matrix_sync", f.tile, memory, ldm, f.tile.by_columns, {file, line}}, f.x);
}

template <int m, int n, int k, class T>
ITO_WMMA void load_matrix_sync(fragment<accumulator, m, n, k, T>& f, const std::type_identity_t<T>* memory, unsigned ldm, layout_t layout,
                               ITO_PLACE) {
  ito::simt::load_tile({"load_matrix_sync", f.tile, memory, ldm, layout == mem_col_major, {file, line}}, f.x);
}

template <int m, int n, int k, class T>
ITO_WMMA void store_matrix_sync(std::type_identity_t<T>* memory, const fragment<accumulator, m, n, k, T>& f, unsigned ldm, layout_t layout,
                                ITO_PLACE) {
  ito::simt::store_tile({"store_matrix_sync", f.tile, memory, ldm, layout == mem_col_major, {file, line}}, f.x);
}

template <int m, int n, int k, class LayoutA, class LayoutB>
ITO_WMMA void mma_sync(fragment<accumulator, m, n, k, float>& d, const fragment<matrix_a, m, n, k, __nv_bfloat16, LayoutA>& a,
                       const fragment<matrix_b, m, n, k, __nv_bfloat16, LayoutB>& b, const fragment<accumulator, m, n, k, float>& c, ITO_PLACE) {
  ito::simt::multiply_tiles({a.tile, b.tile, c.tile, a.x, b.x, c.x, d.x}, {file, line});
}

#undef ITO_WMMA

}  // namespace wmma
}  // namespace ITO_CUDA_SET
}  // namespace nvcuda

namespace ito::kernels {
inline namespace ITO_CUDA_SET {
inline __nv_bfloat16 __float2bfloat16(float x) { return __nv_bfloat16(x); }
inline float __bfloat162float(__nv_bfloat16 x) { return float(x); }
}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
