#include "kernels/cuda/runtime.h"

#include <chrono>
#include <cstring>
#include <exception>
#include <utility>

#include "kernels/simt/checker.h"
#include "kernels/simt/heap.h"
#include "kernels/simt/launch.h"
#include "tensor/error.h"

namespace ito::cuda {

namespace {
// What went wrong in kernels that ran when memory was released: destructors do that, and must not throw. Who waits next is told.
std::exception_ptr untold;
}  // namespace

bool available() { return true; }
bool emulated() { return true; }
std::string device_name() { return text("emulated, ", simt::settings().multiprocessors, " multiprocessors"); }

std::byte* allocate(size_t bytes) {
  static_cast<void>(simt::settings());  // read from the environment before the first kernel is chosen
  return simt::heap_allocate(bytes);
}

void release(std::byte* memory) {
  try {
    simt::synchronize();
  } catch (...) {
    if (!untold) untold = std::current_exception();
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

void synchronize() {
  if (untold) std::rethrow_exception(std::exchange(untold, nullptr));
  simt::synchronize();
}

double seconds(const std::function<void()>& work) {
  synchronize();
  const auto start = std::chrono::steady_clock::now();
  work();
  synchronize();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace ito::cuda
