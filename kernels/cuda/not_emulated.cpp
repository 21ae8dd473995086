// ITO_CUDA=OFF and ON: nothing is emulated, and there is nothing to set or to count.
#include "kernels/cuda/runtime.h"
#include "kernels/simt/counters.h"
#include "kernels/simt/settings.h"

namespace ito {

bool cuda::emulated() { return false; }

const simt::Settings& simt::settings() {
  static const Settings none;
  return none;
}
void simt::set_settings(const Settings&) {}

void simt::count_kernels(bool) {}
std::map<std::string, simt::KernelCounts> simt::take_kernel_counts() { return {}; }

}  // namespace ito
