// Tensor cores: a warp that is not whole, arguments that CUDA forbids, tiles that lie beyond a matrix or are not there yet.
// template <bool bug>: the same kernel with and without it.
#include "tests/simt/planted_kernels.h"

namespace ito::kernels {

namespace {

namespace wmma = nvcuda::wmma;
constexpr int threads = planted_threads, side = 16, tile = side * side;
using A = wmma::fragment<wmma::matrix_a, side, side, side, __nv_bfloat16, wmma::row_major>;
using B = wmma::fragment<wmma::matrix_b, side, side, side, __nv_bfloat16, wmma::row_major>;
using Sum = wmma::fragment<wmma::accumulator, side, side, side, float>;

template <bool bug>
__global__ void half_a_warp_loads(const __nv_bfloat16* x) {
  A a;
  if (!bug || threadIdx.x % 32 < 16) wmma::load_matrix_sync(a, x, side);  // BUG half_a_warp_loads
}

template <bool bug>
__global__ void lanes_give_their_own_address(const __nv_bfloat16* x) {
  A a;
  wmma::load_matrix_sync(a, x + (bug ? threadIdx.x % 32 * side : 0), side);  // BUG lanes_give_their_own_address
}

template <bool bug>
__global__ void lanes_load_in_two_places(const __nv_bfloat16* x) {
  A a;
  if (bug && threadIdx.x % 2)
    wmma::load_matrix_sync(a, x, side);
  else
    wmma::load_matrix_sync(a, x, side + (threadIdx.x == threads ? side : 0));  // BUG lanes_load_in_two_places
}

template <bool bug>
__global__ void rows_of_odd_length(const __nv_bfloat16* x) {
  A a;
  wmma::load_matrix_sync(a, x, bug ? side + 4 : side + 8);  // BUG rows_of_odd_length
}

template <bool bug>
__global__ void tile_at_odd_address(const __nv_bfloat16* x) {
  A a;
  wmma::load_matrix_sync(a, x + (bug ? 8 : 16), side);  // BUG tile_at_odd_address
}

template <bool bug>
__global__ void half_a_warp_multiplies(const __nv_bfloat16* x, float* y) {
  A a;
  B b;
  Sum sum;
  wmma::load_matrix_sync(a, x, side);
  wmma::load_matrix_sync(b, x, side);
  wmma::fill_fragment(sum, 0.0f);
  if (!bug || threadIdx.x % 2) wmma::mma_sync(sum, a, b, sum);  // BUG half_a_warp_multiplies
  wmma::store_matrix_sync(y + threadIdx.x / 32 * tile, sum, side, wmma::mem_row_major);
}

template <bool bug>
__global__ void tile_beyond_the_matrix(const __nv_bfloat16* x, int rows) {
  A a;
  if (bug || rows >= side) wmma::load_matrix_sync(a, x, side);  // BUG tile_beyond_the_matrix
}

// What the warp's lanes put into shared memory is read by others of its lanes.
template <bool bug>
__global__ void tile_not_there_yet(const __nv_bfloat16* x) {
  alignas(32) __shared__ __nv_bfloat16 s[tile];
  for (int i = int(threadIdx.x); i < tile; i += 32) s[i] = x[i];
  if (!bug) __syncwarp();
  A a;
  wmma::load_matrix_sync(a, s, side);  // BUG tile_not_there_yet
}

template <bool bug>
__global__ void padding_never_written(const __nv_bfloat16* x, int rows) {
  alignas(32) __shared__ __nv_bfloat16 s[tile];
  for (int i = int(threadIdx.x); i < (bug ? rows * side : tile); i += 32) s[i] = i < rows * side ? x[i] : __float2bfloat16(0);
  __syncwarp();
  A a;
  wmma::load_matrix_sync(a, s, side);  // BUG padding_never_written
}

template <bool bug>
__global__ void warps_store_one_tile(float* y) {
  Sum sum;
  wmma::fill_fragment(sum, 1.0f);
  wmma::store_matrix_sync(y + (bug ? 0 : threadIdx.x / 32 * tile), sum, side, wmma::mem_col_major);  // BUG warps_store_one_tile
}

}  // namespace

inline namespace ITO_CUDA_SET {
void plant_tensor_cores(PlantedList& list) {
// On a buffer of 16 x 32 bf16, one block of `count` threads.
#define ITO_PLANTED_TILE(kernel, says, traced, count, ...)                                     \
  list.add(#kernel, says, traced, [](bool bug) {                                               \
    const PlantedBuffer<__nv_bfloat16> x(2 * tile);                                            \
    launch(bug ? kernel<true> : kernel<false>, {1, count}, x.data __VA_OPT__(, ) __VA_ARGS__); \
    cuda::synchronize();                                                                       \
  })
  ITO_PLANTED_TILE(half_a_warp_loads, "which has exited", seen_always, threads);
  ITO_PLANTED_TILE(lanes_give_their_own_address, "gives another address than lane 0", seen_always, threads);
  ITO_PLANTED_TILE(lanes_load_in_two_places, "do not agree", seen_always, threads);
  ITO_PLANTED_TILE(rows_of_odd_length, "ldm is 20, which is not a multiple of 8", seen_always, threads);
  ITO_PLANTED_TILE(tile_at_odd_address, "the address is not a multiple of 32", seen_always, threads);
  ITO_PLANTED_TILE(tile_not_there_yet, "no barrier between", seen_traced, 32);
  ITO_PLANTED_TILE(padding_never_written, "which nobody has written", seen_traced, 32, side - 1);
  list.add("half_a_warp_multiplies", "do not agree", seen_always, [](bool bug) {
    const PlantedBuffer<__nv_bfloat16> x(tile);
    const Buffer y(2 * tile);
    launch(bug ? half_a_warp_multiplies<true> : half_a_warp_multiplies<false>, {1, threads}, x.data, y.data);
    cuda::synchronize();
  });
  list.add("tile_beyond_the_matrix", "past the end of `x.data` (480 bytes)", seen_traced, [](bool bug) {
    const PlantedBuffer<__nv_bfloat16> x(tile - side);
    launch(bug ? tile_beyond_the_matrix<true> : tile_beyond_the_matrix<false>, {1, threads}, x.data, side - 1);
    cuda::synchronize();
  });
  list.add("warps_store_one_tile", "no barrier between", seen_traced, [](bool bug) {
    const Buffer y(2 * tile);
    launch(bug ? warps_store_one_tile<true> : warps_store_one_tile<false>, {1, threads}, y.data);
    cuda::synchronize();
  });
}
}  // namespace ITO_CUDA_SET

}  // namespace ito::kernels
