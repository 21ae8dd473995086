#include "kernels/simt/fiber.h"

#include <atomic>
#include <cstdint>

#include <sys/mman.h>

#include "tensor/error.h"

// ito_switch_stack(&old, new): pushes the registers that a call preserves, stores the stack pointer in old, takes the new one, pops.
#if defined(__x86_64__)
asm(R"(
.text
.type ito_switch_stack, @function
ito_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size ito_switch_stack, .-ito_switch_stack
.type ito_start_fiber, @function
ito_start_fiber:
  movq %r12, %rdi
  call *%r13
  ud2
.size ito_start_fiber, .-ito_start_fiber
)");
constexpr int frame_words = 9, argument_register = 3, function_register = 2, return_register = 6;  // 9: the stack is then 16-byte aligned
#elif defined(__aarch64__)
asm(R"(
.text
.type ito_switch_stack, %function
ito_switch_stack:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size ito_switch_stack, .-ito_switch_stack
.type ito_start_fiber, %function
ito_start_fiber:
  mov x0, x19
  blr x20
  brk #1
.size ito_start_fiber, .-ito_start_fiber
)");
constexpr int frame_words = 22, argument_register = 0, function_register = 1, return_register = 11;
#else
#error "kernels/simt/fiber.cpp has the stack switch for x86-64 and aarch64 only: add this processor's, or build with ITO_CUDA=OFF"
#endif

extern "C" void ito_switch_stack(void** old_stack_pointer, void* new_stack_pointer) asm("ito_switch_stack");
extern "C" void ito_start_fiber() asm("ito_start_fiber");

namespace ito::simt {

Fiber::Fiber() {
  void* memory = mmap(nullptr, memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ITO_CHECK(memory != MAP_FAILED, "no memory for the stack of an emulated CUDA thread");
  memory_ = static_cast<std::byte*>(memory);
  mprotect(memory_, page, PROT_NONE);
  // Stacks that all began at the same place of a page would drive each other out of the first cache.
  static std::atomic<unsigned> count = 0;
  stagger_ = count++ % 13 * 5 * 64;
}

Fiber::~Fiber() { munmap(memory_, memory_bytes); }

void Fiber::start(void (*entry)(void*), void* argument) {
  auto** top = reinterpret_cast<void**>(memory_ + memory_bytes - stagger_) - frame_words;
  top[argument_register] = argument;
  top[function_register] = reinterpret_cast<void*>(entry);
  top[return_register] = reinterpret_cast<void*>(&ito_start_fiber);
  stack_pointer = top;
}

void switch_context(Context& from, const Context& to) { ito_switch_stack(&from.stack_pointer, to.stack_pointer); }

}  // namespace ito::simt
