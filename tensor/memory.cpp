// Size classes are powers of two split in four (1, 1.25, 1.5, 1.75): at most 25 % of a block is unused. On the emulated device every block is
// its own, of the very size asked for: there the emulator's checks take the place of a cache.
#include "tensor/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

#include "kernels/cuda/runtime.h"
#include "tensor/error.h"

namespace ito {

std::string_view name_of(Device device) { return device == Device::cpu ? "cpu" : "cuda"; }

Device device_named(std::string_view name) {
  if (name == "cpu") return Device::cpu;
  ITO_CHECK(name == "cuda", "unknown device '", name, "'; there are cpu and cuda");
  ITO_CHECK(cuda::available(), "there is no cuda device here: configure Ito with ITO_CUDA=EMULATE, or with ON on a machine with a GPU, or use cpu");
  return Device::cuda;
}

namespace {

constexpr size_t alignment = 64;

size_t size_class(size_t bytes) {
  if (bytes <= 256) return 256;
  const size_t step = std::bit_floor(bytes) / 4;
  return (bytes + step - 1) / step * step;
}

// Where blocks come from and go back to.
struct System {
  Device device;
  std::byte* (*allocate)(size_t bytes);  // null when there is no more
  void (*release)(std::byte* block);
  bool cached;
};

class CachingAllocator {
 public:
  explicit CachingAllocator(const System& system) : system_(system) {}

  std::byte* allocate(size_t bytes) {
    const std::lock_guard lock(mutex_);
    const size_t size = size_of_block(bytes);
    std::byte* block = take_cached(size);
    if (!block) block = from_system(size);
    if (!block) {  // under pressure: give back what is cached, try once more
      free_cached();
      block = from_system(size);
    }
    ITO_CHECK(block, "out of memory: ", bytes, " bytes asked for on ", name_of(system_.device), ", ", counters_.active,
              " bytes held by tensors (peak ", counters_.peak, "); use a smaller batch or network");
    counters_.active += int64_t(size);
    counters_.peak = std::max(counters_.peak, counters_.active);
    return block;
  }

  void release(std::byte* block, size_t bytes) {
    const std::lock_guard lock(mutex_);
    const size_t size = size_of_block(bytes);
    counters_.active -= int64_t(size);
    if (!system_.cached) return system_.release(block);
    cache_[size].push_back({block, this_thread()});
    counters_.cached += int64_t(size);
  }

  void free_all_cached() {
    const std::lock_guard lock(mutex_);
    free_cached();
  }

  MemoryCounters counters() {
    const std::lock_guard lock(mutex_);
    return counters_;
  }
  void reset_peak() {
    const std::lock_guard lock(mutex_);
    counters_.peak = counters_.active;
  }

 private:
  struct Cached {
    std::byte* block;
    const void* thread;  // that released it, and should have it again: its caches may still hold what is there, as its own
  };

  std::byte* take_cached(size_t size) {
    const auto found = cache_.find(size);
    if (found == cache_.end() || found->second.empty()) return nullptr;
    std::vector<Cached>& blocks = found->second;
    auto chosen = std::find_if(blocks.rbegin(), blocks.rend(), [](const Cached& c) { return c.thread == this_thread(); });
    if (chosen == blocks.rend()) chosen = blocks.rbegin();
    std::byte* const block = chosen->block;
    blocks.erase(std::next(chosen).base());
    counters_.cached -= int64_t(size);
    return block;
  }

  static const void* this_thread() {
    static thread_local const char mark = 0;
    return &mark;
  }

  std::byte* from_system(size_t size) {
    std::byte* block = system_.allocate(size);
    if (block) ++counters_.system_allocations;
    return block;
  }

  void free_cached() {
    for (auto& [size, blocks] : cache_)
      for (const Cached& c : blocks) system_.release(c.block);
    cache_.clear();
    counters_.cached = 0;
  }

  size_t size_of_block(size_t bytes) const { return system_.cached ? size_class(bytes) : bytes; }

  System system_;
  std::mutex mutex_;
  std::map<size_t, std::vector<Cached>> cache_;
  MemoryCounters counters_;
};

// Debug memory: every block its own, between guard zones, filled with bytes that read as NaN in every floating type.
class GuardedAllocator {
 public:
  static constexpr size_t guard = 64;
  static constexpr unsigned char guard_byte = 0xA5, fill_byte = 0xFF;

  std::byte* allocate(size_t bytes) {
    const size_t padded = (bytes + alignment - 1) / alignment * alignment;
    auto* block = static_cast<std::byte*>(std::aligned_alloc(alignment, padded + 2 * guard));
    ITO_CHECK(block, "out of memory: ", bytes, " bytes asked for on the cpu");
    std::memset(block, guard_byte, padded + 2 * guard);
    std::memset(block + guard, fill_byte, bytes);
    return block + guard;
  }

  // A broken guard is a kernel that wrote out of bounds: nothing after it can be trusted.
  void release(std::byte* data, size_t bytes) {
    const auto broken = [](const std::byte* p, size_t n) {
      for (size_t i = 0; i < n; ++i)
        if (p[i] != std::byte{guard_byte}) return true;
      return false;
    };
    if (broken(data - guard, guard) || broken(data + bytes, guard)) {
      std::fprintf(stderr, "ito: a kernel wrote outside a block of %zu bytes\n", bytes);
      std::abort();
    }
    std::free(data - guard);
  }
};

// Large blocks on huge pages where the system has them: kernels walk through many blocks at a time, more than the processor knows small pages.
std::byte* from_host(size_t bytes) {
  constexpr size_t huge_page = size_t(2) << 20;
  if (bytes < huge_page) return static_cast<std::byte*>(std::aligned_alloc(alignment, bytes));
  void* block = std::aligned_alloc(huge_page, bytes);
#ifdef MADV_HUGEPAGE
  if (block) madvise(block, bytes, MADV_HUGEPAGE);  // a wish: where it fails, pages are small
#endif
  return static_cast<std::byte*>(block);
}

// Never destroyed: tensors in static storage may outlive any order of destruction.
CachingAllocator& cache(Device device) {
  static auto* cpu =
      new CachingAllocator({.device = Device::cpu, .allocate = &from_host, .release = [](std::byte* block) { std::free(block); }, .cached = true});
  static auto* cuda =
      new CachingAllocator({.device = Device::cuda, .allocate = &cuda::allocate, .release = &cuda::release, .cached = !cuda::emulated()});
  return device == Device::cpu ? *cpu : *cuda;
}

bool debug_memory() {
  static const bool on = std::getenv("ITO_DEBUG_MEMORY") != nullptr;
  return on;
}

}  // namespace

MemoryCounters memory_counters(Device device) { return cache(device).counters(); }
void reset_peak_memory(Device device) { cache(device).reset_peak(); }
void release_cached_memory(Device device) { cache(device).free_all_cached(); }

Storage::Storage(size_t bytes, Device device) : bytes_(bytes), device_(device), guarded_(device == Device::cpu && debug_memory()) {
  data_ = guarded_ ? GuardedAllocator().allocate(bytes) : cache(device).allocate(bytes);
}

Storage::~Storage() {
  if (guarded_)
    GuardedAllocator().release(data_, bytes_);
  else
    cache(device_).release(data_, bytes_);
}

void copy_bytes(std::byte* to, Device to_device, const std::byte* from, Device from_device, size_t bytes) {
  if (bytes == 0) return;
  if (to_device == Device::cpu && from_device == Device::cpu)
    std::memmove(to, from, bytes);
  else
    cuda::copy(to, from, bytes);
}

}  // namespace ito
