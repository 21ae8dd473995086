// Launches that a GPU would refuse.
#include "tests/simt/planted_kernels.h"

namespace ito::kernels {

namespace {

constexpr int threads = planted_threads;

__global__ void __launch_bounds__(threads) bounded(float* x) { x[threadIdx.x] = 0; }
__global__ void unbounded(float*) {}
__global__ void large(float*) {}

}  // namespace

inline namespace ITO_CUDA_SET {
void plant_launches(PlantedList& list) {
  list.add("block_too_large", "1024 in all", seen_always, [](bool bug) {
    const Buffer x(threads);
    launch(unbounded, {1, dim3(32, bug ? 33 : 32)}, x.data);
  });
  list.add("grid_too_large", "65535", seen_always, [](bool bug) {
    const Buffer x(threads);
    launch(unbounded, {dim3(1, bug ? 65536 : 1), 1}, x.data);
  });
  list.add("grid_too_deep", "65535", seen_always, [](bool bug) {
    const Buffer x(threads);
    launch(unbounded, {dim3(1, 1, bug ? 65536 : 1), 1}, x.data);
  });
  list.add("block_too_deep", "1024 x 1024 x 64", seen_always, [](bool bug) {
    const Buffer x(threads);
    launch(unbounded, {1, dim3(1, 1, bug ? 65 : 64)}, x.data);
  });
  list.add("no_threads", "0 threads", seen_always, [](bool bug) {
    const Buffer x(threads);
    launch(unbounded, {1, bug ? 0U : 1U}, x.data);
  });
  list.add("large_shared", "allow_shared_bytes", seen_always, [](bool bug) {
    const Buffer x(threads);
    launch(unbounded, {1, 1, bug ? 49153U : 49152U}, x.data);
  });
  list.add("more_shared_than_allowed", "allowed 50000", seen_always, [](bool bug) {
    const Buffer x(threads);
    allow_shared_bytes(large, 50000);
    launch(large, {1, 1, bug ? 50001U : 50000U}, x.data);
  });
  list.add("more_shared_than_there_is", "a block has 232448", seen_always, [](bool bug) {
    const Buffer x(threads);
    allow_shared_bytes(large, bug ? 232449 : 232448);
    launch(large, {1, 1, 232448U}, x.data);
  });
  list.add("beyond_launch_bounds", "at most 64", seen_always, [](bool bug) {
    const Buffer x(2 * threads);
    launch(bounded, {1, bug ? 2U * threads : 1U * threads}, x.data);
  });
}
}  // namespace ITO_CUDA_SET

}  // namespace ito::kernels
