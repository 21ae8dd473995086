// ITO_CUDA=OFF: there is no device.
#include "kernels/cuda/runtime.h"
#include "tensor/error.h"

namespace ito::cuda {

namespace {
[[noreturn]] void none() { fail("this build has no cuda device: configure it with ITO_CUDA=EMULATE or ON, or use cpu"); }
}  // namespace

bool available() { return false; }
std::string device_name() { none(); }
std::byte* allocate(size_t) { none(); }
void release(std::byte*) {}
void copy(void*, const void*, size_t) { none(); }
void synchronize() {}
double seconds(const std::function<void()>&) { none(); }

}  // namespace ito::cuda
