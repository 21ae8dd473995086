// ITO_CUDA=OFF: there is no device.
#include "kernels/cuda/runtime.h"

#include "kernels/simt/counters.h"
#include "kernels/simt/settings.h"
#include "tensor/error.h"

namespace ito::cuda {

namespace {
[[noreturn]] void none() { fail("this build has no cuda device: configure it with ITO_CUDA=EMULATE or ON, or use cpu"); }
}  // namespace

bool available() { return false; }
bool emulated() { return false; }
std::byte* allocate(size_t) { none(); }
void release(std::byte*) {}
void copy(void*, const void*, size_t) { none(); }
void synchronize() {}

}  // namespace ito::cuda

namespace ito::simt {

const Settings& settings() {
  static const Settings none;
  return none;
}
void set_settings(const Settings&) {}

void count_kernels(bool) {}
std::map<std::string, KernelCounts> take_kernel_counts() { return {}; }

}  // namespace ito::simt
