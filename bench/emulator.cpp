// How fast the emulator of CUDA runs kernels on this machine, plain and with every access looked at: processor time of a launch, best of five, and
// what remains for each thing a lane does (an access, a barrier, a shuffle).
#include "bench/emulator.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <vector>

#include "kernels/cuda/runtime.h"
#include "kernels/parallel.h"
#include "kernels/simt/settings.h"

using namespace ito;

namespace {

double best_seconds(const auto& work) {
  double best = 1e9;
  for (int run = 0; run < 5; ++run) {
    const std::clock_t start = std::clock();
    work();
    best = std::min(best, double(std::clock() - start) / CLOCKS_PER_SEC);
  }
  return best;
}

float* ones(size_t n) {
  auto* data = reinterpret_cast<float*>(cuda::allocate(n * 4));
  const std::vector<float> values(n, 1.0f);
  cuda::copy(data, values.data(), n * 4);
  return data;
}

}  // namespace

int main() {
  constexpr size_t n = bench::side, elements = n * n;
  const bench::Buffers buffers{ones(elements), ones(elements), ones(elements)};
  struct Row {
    const char* kernel;
    size_t lanes, events;  // what each lane does
  };
  constexpr Row rows[]{{"tiled matmul", elements, 2 * n + 3 * (n / 8) + 1},
                       {"shuffle sums", elements, 8},
                       {"copy", elements, 2},
                       {"tensor cores", elements / 8, 3 * n / 16 + 1}};
  kernels::set_num_threads(1);
  std::printf("one thread, %zu x %zu        plain: ms, ns an event     traced: ms, ns an event\n", n, n);
  for (const Row& row : rows) {
    const double count = double(row.lanes * row.events);
    simt::set_settings({});
    const double plain = best_seconds([&] { bench::run_plain(buffers, row.kernel); });
    simt::set_settings({.checked = true});
    const double traced = best_seconds([&] { bench::run_traced(buffers, row.kernel); });
    std::printf("%-24s %14.2f %10.1f %16.2f %10.1f\n", row.kernel, plain * 1e3, plain / count * 1e9, traced * 1e3, traced / count * 1e9);
  }
}
