// What the compiler calls in the instrumented set of kernels: -fsanitize=thread before every access, -fsanitize=bounds,alignment where an index or
// an address is wrong. Linked in place of the sanitizers' own runtimes; on the host's side of the same files they do nothing.
#include <cstddef>
#include <cstdint>

#include "kernels/simt/checker.h"
#include "kernels/simt/fiber.h"
#include "kernels/simt/look.h"

using namespace ito::simt;

#define ITO_HOOK __attribute__((visibility("default"), no_sanitize("thread")))

namespace {
inline bool is_kernels_own(const void* address) {
  const auto at = reinterpret_cast<uintptr_t>(address);
  return at - reinterpret_cast<uintptr_t>(variables.stack) >= Fiber::memory_bytes &&  // a local variable
         at - reinterpret_cast<uintptr_t>(&variables) >= sizeof variables;            // threadIdx and the like
}

template <AccessKind kind>
inline void note(const void* address, size_t bytes, const void* return_address) {
  if (variables.traced && is_kernels_own(address)) look_at<kind>(address, bytes, static_cast<const char*>(return_address) - 1);
}

// As the compiler lays them out for the UndefinedBehaviorSanitizer.
struct SourcePlace {
  const char* file;
  uint32_t line, column;
};
struct TypeName {
  uint16_t kind, info;
  char name[1];
};
struct OutOfBounds {
  SourcePlace place;
  const TypeName *array, *index;
};
struct TypeMismatch {
  SourcePlace place;
  const TypeName* type;
  unsigned char log_alignment, check_kind;
};
}  // namespace

void ito::simt::note_access(const void* address, size_t bytes, AccessKind kind, const void* return_address) {
  if (variables.traced && is_kernels_own(address)) checker_access(address, bytes, kind, static_cast<const char*>(return_address) - 1);
}

extern "C" {

#define ITO_READ_WRITE(bytes)                                                                                              \
  ITO_HOOK void __tsan_read##bytes(void* p) { note<AccessKind::read>(p, bytes, __builtin_return_address(0)); }             \
  ITO_HOOK void __tsan_write##bytes(void* p) { note<AccessKind::write>(p, bytes, __builtin_return_address(0)); }           \
  ITO_HOOK void __tsan_unaligned_read##bytes(void* p) { note<AccessKind::read>(p, bytes, __builtin_return_address(0)); }   \
  ITO_HOOK void __tsan_unaligned_write##bytes(void* p) { note<AccessKind::write>(p, bytes, __builtin_return_address(0)); } \
  ITO_HOOK void __tsan_volatile_read##bytes(void* p) { note<AccessKind::read>(p, bytes, __builtin_return_address(0)); }    \
  ITO_HOOK void __tsan_volatile_write##bytes(void* p) { note<AccessKind::write>(p, bytes, __builtin_return_address(0)); }
ITO_READ_WRITE(1)
ITO_READ_WRITE(2)
ITO_READ_WRITE(4)
ITO_READ_WRITE(8)
ITO_READ_WRITE(16)

ITO_HOOK void __tsan_read_range(void* p, size_t bytes) { note<AccessKind::read>(p, bytes, __builtin_return_address(0)); }
ITO_HOOK void __tsan_write_range(void* p, size_t bytes) { note<AccessKind::write>(p, bytes, __builtin_return_address(0)); }
ITO_HOOK void __tsan_init() {}
ITO_HOOK void __tsan_func_entry(void*) {}
ITO_HOOK void __tsan_func_exit() {}
ITO_HOOK void __tsan_vptr_update(void**, void*) {}
ITO_HOOK void __tsan_vptr_read(void**) {}

// Atomics of the host's side (reference counts, guards of static variables); those of kernels go through cuda.h.
#define ITO_ATOMICS(bits, T)                                                                                                 \
  ITO_HOOK T __tsan_atomic##bits##_load(const volatile T* p, int) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); }           \
  ITO_HOOK void __tsan_atomic##bits##_store(volatile T* p, T v, int) { __atomic_store_n(p, v, __ATOMIC_SEQ_CST); }           \
  ITO_HOOK T __tsan_atomic##bits##_exchange(volatile T* p, T v, int) { return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST); } \
  ITO_HOOK T __tsan_atomic##bits##_fetch_add(volatile T* p, T v, int) { return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST); } \
  ITO_HOOK T __tsan_atomic##bits##_fetch_sub(volatile T* p, T v, int) { return __atomic_fetch_sub(p, v, __ATOMIC_SEQ_CST); } \
  ITO_HOOK T __tsan_atomic##bits##_fetch_and(volatile T* p, T v, int) { return __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST); } \
  ITO_HOOK T __tsan_atomic##bits##_fetch_or(volatile T* p, T v, int) { return __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST); }   \
  ITO_HOOK int __tsan_atomic##bits##_compare_exchange_strong(volatile T* p, T* expected, T v, int, int) {                    \
    return __atomic_compare_exchange_n(p, expected, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                           \
  }                                                                                                                          \
  ITO_HOOK int __tsan_atomic##bits##_compare_exchange_weak(volatile T* p, T* expected, T v, int, int) {                      \
    return __atomic_compare_exchange_n(p, expected, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                           \
  }
ITO_ATOMICS(8, uint8_t)
ITO_ATOMICS(16, uint16_t)
ITO_ATOMICS(32, uint32_t)
ITO_ATOMICS(64, uint64_t)
ITO_HOOK void __tsan_atomic_thread_fence(int) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
ITO_HOOK void __tsan_atomic_signal_fence(int) {}

ITO_HOOK void __ubsan_handle_out_of_bounds(OutOfBounds* data, uintptr_t index) {
  variables.traced = false;
  checker_out_of_bounds(data->place.file, int(data->place.line), data->array->name, int64_t(index));
}
ITO_HOOK void __ubsan_handle_type_mismatch_v1(TypeMismatch* data, const void* address) {
  variables.traced = false;
  checker_misaligned(data->place.file, int(data->place.line), data->type->name, address, size_t{1} << data->log_alignment);
}
}
