// The memory of the emulated device: one range of addresses that the host cannot touch, except while a kernel or a copy runs. Host code that
// reads a device pointer ends the program with a message that names the allocation, where a real GPU would end it without one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace ito::simt {

struct Shadow;  // what the checker knows of the bytes of an allocation (shadow.h)

struct Allocation {
  std::byte* data = nullptr;
  size_t bytes = 0;
  uint64_t number = 0;  // counts allocations, so that a message can name them
  std::unique_ptr<Shadow> shadow;

  Allocation();
  ~Allocation();
};

// 256-byte aligned, as cudaMalloc; at least 256 bytes of no one's memory lie between allocations. Null when the device is full.
std::byte* heap_allocate(size_t bytes);
void heap_release(std::byte* data);

// The allocation that holds the address, or null. Valid until it is released.
Allocation* allocation_at(const void* address);
// The nearest one, for messages; null when there are none.
Allocation* allocation_near(const void* address);
void for_each_allocation(const std::function<void(Allocation&)>& body);
bool in_heap(const void* address);
size_t heap_capacity();

// While one exists the heap can be read and written.
class OpenHeap {
 public:
  OpenHeap();
  ~OpenHeap();
  OpenHeap(const OpenHeap&) = delete;
  OpenHeap& operator=(const OpenHeap&) = delete;
};

}  // namespace ito::simt
