// What the threads of CPU kernels share: blocks of work, and memory for the length of a call.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "kernels/parallel.h"
#include "tensor/memory.h"

using namespace ito;

namespace {

struct Threads {
  explicit Threads(int count) { kernels::set_num_threads(count); }
  ~Threads() { kernels::set_num_threads(before); }
  int before = kernels::num_threads();
};

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("parallel_for takes every block once, with the same bounds, whatever the number of threads") {
    for (const int64_t n : {0, 1, 2, 7, 64, 1001})
      for (const int64_t grain : {1, 3, 64}) {
        const auto blocks_with = [&](int threads) {
          const Threads set(threads);
          std::mutex mutex;
          std::vector<std::pair<int64_t, int64_t>> blocks;
          kernels::parallel_for(n, grain, [&](int64_t first, int64_t last) {
            const std::lock_guard lock(mutex);
            blocks.emplace_back(first, last);
          });
          std::sort(blocks.begin(), blocks.end());
          return blocks;
        };
        std::vector<std::pair<int64_t, int64_t>> expected;
        for (int64_t first = 0; first < n; first += grain) expected.emplace_back(first, std::min(n, first + grain));
        for (const int threads : {1, 2, 3, 8}) CHECK(blocks_with(threads) == expected);
      }
  }

  TEST_CASE("a thread that is kept busy leaves its share to the others") {
    const Threads set(2);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    std::atomic<int> others = 0, seen = 0;
    kernels::parallel_for(10, 1, [&](int64_t first, int64_t) {
      if (first != 0) {
        ++others;
        return;
      }
      while (others < 9 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
      seen = others.load();
    });
    CHECK(seen == 9);
  }

  TEST_CASE("a thread gets back the memory that it gave back") {
    if (std::getenv("ITO_DEBUG_MEMORY")) {
      MESSAGE("skipped: with ITO_DEBUG_MEMORY no memory is kept");
      return;
    }
    constexpr size_t bytes = 12345;
    int kept = 0;
#pragma omp parallel num_threads(2) reduction(+ : kept)
    {
      const std::byte* before = nullptr;
      {
        const Storage block(bytes, Device::cpu);
        before = block.data();
#pragma omp barrier
      }
#pragma omp barrier
      const Storage again(bytes, Device::cpu);
      kept += again.data() == before;
    }
    CHECK(kept == 2);
  }
}
