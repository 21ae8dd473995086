// Threads for CPU kernels. Work is cut into blocks whose bounds depend on the size alone, never on the number of threads,
// so that a sum made block by block has the same bits on 1 thread and on N.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include <omp.h>

namespace ito::kernels {

// ITO_THREADS, else OMP_NUM_THREADS, else the number of processors.
int num_threads();
void set_num_threads(int threads);

constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Calls body(first, last) for blocks of `grain` elements that cover [0, n). A single block runs on the calling thread. Each thread begins with a
// share of its own, the same from call to call, as its caches may still have what it wrote there; whoever is done first takes blocks from the others'
// shares.
template <class Body>
void parallel_for(int64_t n, int64_t grain, Body&& body) {
  const int64_t blocks = ceil_div(n, grain);
  const int threads = int(std::min<int64_t>(num_threads(), blocks));
  if (threads <= 1 || omp_in_parallel()) {
    for (int64_t b = 0; b < blocks; ++b) body(b * grain, std::min(n, (b + 1) * grain));
    return;
  }
  struct alignas(64) Count {
    std::atomic<int64_t> blocks = 0;
  };
  std::vector<Count> taken(static_cast<size_t>(threads));  // of each share
#pragma omp parallel num_threads(threads)
  {
    const int self = omp_get_thread_num();
    for (int i = 0; i < threads; ++i) {
      const int64_t share = (self + i) % threads, start = blocks * share / threads, end = blocks * (share + 1) / threads;
      for (int64_t b; (b = start + taken[size_t(share)].blocks.fetch_add(1, std::memory_order_relaxed)) < end;)
        body(b * grain, std::min(n, (b + 1) * grain));
    }
  }
}

}  // namespace ito::kernels
