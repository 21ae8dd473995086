// Memory by device: a caching allocator with counters, and the Storage that tensors share.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace ito {

enum class Device : uint8_t { cpu, cuda };
std::string_view name_of(Device device);
Device device_named(std::string_view name);  // throws Error when there is none of that name, or it is not there

// Bytes, and calls to the system; `active` is held by tensors, `cached` is kept for reuse.
struct MemoryCounters {
  int64_t active = 0, peak = 0, cached = 0;
  int64_t system_allocations = 0;
};
MemoryCounters memory_counters(Device device);
void reset_peak_memory(Device device);
void release_cached_memory(Device device);

// One allocation, shared by all views of it, returned to the cache with the last of them. 64-byte aligned.
// With ITO_DEBUG_MEMORY=1 in the environment blocks on the cpu are not cached, carry guard zones and start as NaN.
class Storage {
 public:
  // Throws Error when memory runs out: who asked for how much, and what is held.
  Storage(size_t bytes, Device device);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  std::byte* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  Device device() const { return device_; }

  // Counts in-place writes, so that a gradient rule can notice that what it saved was overwritten.
  std::atomic<uint64_t> version{0};

 private:
  std::byte* data_ = nullptr;
  size_t bytes_;
  Device device_;
  bool guarded_;
};

// Within or between devices, after all that was launched before; done when it returns. The ranges may overlap on one device.
void copy_bytes(std::byte* to, Device to_device, const std::byte* from, Device from_device, size_t bytes);

}  // namespace ito
