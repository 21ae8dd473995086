#include "kernels/parallel.h"

#include <charconv>
#include <cstdlib>
#include <string_view>

#include "tensor/error.h"

namespace ito::kernels {

namespace {
int& thread_count() {
  static int count = [] {
    const char* setting = std::getenv("ITO_THREADS");
    if (!setting) return std::max(1, omp_get_max_threads());
    const std::string_view text = setting;
    int wanted = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), wanted);
    ITO_CHECK(error == std::errc{} && end == text.data() + text.size() && wanted >= 1, "ITO_THREADS: expected a number from 1 on, got '", text, "'");
    return wanted;
  }();
  return count;
}
}  // namespace

int num_threads() { return thread_count(); }
void set_num_threads(int threads) { thread_count() = std::max(1, threads); }

}  // namespace ito::kernels
