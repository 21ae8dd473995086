#include "kernels/parallel.h"

#include <cstdlib>

namespace ito::kernels {

namespace {
int& thread_count() {
  static int count = [] {
    const char* setting = std::getenv("ITO_THREADS");
    const int wanted = setting ? std::atoi(setting) : omp_get_max_threads();
    return std::max(1, wanted);
  }();
  return count;
}
}  // namespace

int num_threads() { return thread_count(); }
void set_num_threads(int threads) { thread_count() = std::max(1, threads); }

}  // namespace ito::kernels
