// ITO_CUDA=OFF and ON: nothing is emulated, and there is nothing to set.
#include "kernels/cuda/runtime.h"
#include "kernels/simt/settings.h"

namespace ito {

bool cuda::emulated() { return false; }

const simt::Settings& simt::settings() {
  static const Settings none;
  return none;
}
void simt::set_settings(const Settings&) {}

}  // namespace ito
