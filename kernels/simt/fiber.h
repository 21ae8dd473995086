// A fiber: a function with a stack of its own, entered and left by a switch of a dozen instructions. The emulator runs each CUDA thread on one.
#pragma once

#include <cstddef>

namespace ito::simt {

// Where a stack was left.
struct Context {
  void* stack_pointer = nullptr;
};
// Leaves the stack in use, to come back to when something switches to `from`, and goes on where `to` was left.
void switch_context(Context& from, const Context& to);

class Fiber : public Context {
 public:
  static constexpr size_t page = 4096, stack_bytes = size_t{64} << 10, memory_bytes = page + stack_bytes;

  Fiber();
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // The next switch to the fiber calls entry(argument) on an empty stack; what was on it is dropped without running destructors. The entry must
  // never return.
  void start(void (*entry)(void*), void* argument);

  // Where the stack lies, with its guard page: memory_bytes.
  const std::byte* memory() const { return memory_; }

 private:
  std::byte* memory_;  // a guard page, then the stack
  size_t stagger_;     // bytes left free at its upper end
};

}  // namespace ito::simt
