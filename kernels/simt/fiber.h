// A fiber: a function with a stack of its own, entered and left by a switch of a few instructions. The emulator runs each CUDA thread on one.
#pragma once

#include <cstddef>

namespace ito::simt {

class Fiber {
 public:
  static constexpr size_t stack_bytes = size_t{64} << 10;

  Fiber();
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // The next resume() calls entry(argument) on an empty stack; what was on it is dropped without running destructors.
  void start(void (*entry)(void*), void* argument);
  // Runs the fiber until it calls suspend() or its entry returns.
  void resume();
  // Back to the caller of resume(). To be called on this fiber.
  void suspend();

  bool has_on_stack(const void* address) const;

 private:
  friend void run_fiber(Fiber* fiber);

  std::byte* memory_;  // a guard page, then the stack
  void* stack_pointer_ = nullptr;
  void* caller_ = nullptr;  // the stack pointer of resume()
  void (*entry_)(void*) = nullptr;
  void* argument_ = nullptr;
  void* fake_stack_ = nullptr;  // AddressSanitizer's
  void* caller_fake_stack_ = nullptr;
  const void* caller_stack_ = nullptr;
  size_t caller_stack_bytes_ = 0;
};

}  // namespace ito::simt
