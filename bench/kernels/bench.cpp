#include "bench/kernels/bench.h"

namespace ito::bench {

std::vector<Bench>& benches() {
  static std::vector<Bench> all;
  return all;
}

bool add_bench(const Bench& bench) {
  benches().push_back(bench);
  return true;
}

}  // namespace ito::bench
