#include "kernels/cuda/runtime.h"

#include <chrono>
#include <cstring>

#include "kernels/simt/checker.h"
#include "kernels/simt/heap.h"
#include "kernels/simt/launch.h"
#include "tensor/error.h"

namespace ito::cuda {

bool available() { return true; }
bool emulated() { return true; }
std::string device_name() { return text("emulated, ", simt::settings().multiprocessors, " multiprocessors"); }

std::byte* allocate(size_t bytes) {
  static_cast<void>(simt::settings());  // read from the environment before the first kernel is chosen
  return simt::heap_allocate(bytes);
}

void release(std::byte* memory) {
  try {
    synchronize();
  } catch (...) {  // whoever waits next is told by the kernels that are run then; memory is released in destructors, which must not throw
  }
  simt::heap_release(memory);
}

void copy(void* to, const void* from, size_t bytes) {
  synchronize();
  const simt::OpenHeap open;
  if (simt::settings().checked) {
    if (simt::in_heap(from)) simt::checker_note_host_read(from, bytes);
    if (simt::in_heap(to)) simt::checker_note_host_write(to, bytes);
  }
  std::memmove(to, from, bytes);
}

void synchronize() { simt::synchronize(); }

double seconds(const std::function<void()>& work) {
  synchronize();
  const auto start = std::chrono::steady_clock::now();
  work();
  synchronize();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace ito::cuda
