#include "kernels/simt/heap.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>

#include <sys/mman.h>
#include <unistd.h>

#include "kernels/simt/launch.h"
#include "kernels/simt/shadow.h"
#include "tensor/error.h"

namespace ito::simt {

namespace {

constexpr size_t capacity = size_t{64} << 30, alignment = 256, gap = 256;

struct Heap {
  std::byte* base;
  std::mutex mutex;
  std::map<std::byte*, std::unique_ptr<Allocation>> used;
  std::map<std::byte*, size_t> free;  // by address; neighbours are joined
  uint64_t count = 0;
  int open = 0;

  Heap() {
    void* range = mmap(nullptr, capacity, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ITO_CHECK(range != MAP_FAILED, "the emulated CUDA device finds no room for its range of addresses");
    base = static_cast<std::byte*>(range);
    free[base + gap] = capacity - gap;
  }
};

Heap& heap();

void say(const std::string& message) {
  if (write(STDERR_FILENO, message.data(), message.size()) < 0) _exit(3);
}

struct sigaction previous_handler;

// A bad access. In the heap and in no kernel, it is the host's; elsewhere, whoever handled it before us has it.
void on_fault(int signal, siginfo_t* info, void* context) {
  if (in_heap(info->si_addr) && heap().open == 0) {
    const Allocation* near = allocation_near(info->si_addr);
    say(text("ito: host code touches device memory",
             near
                 ? text(", byte ", static_cast<std::byte*>(info->si_addr) - near->data, " of allocation ", near->number, " (", near->bytes, " bytes)")
                 : "",
             ": copy the tensor with to(Device::cpu) first\n"));
    _exit(2);
  }
  if (const std::string kernel = running_kernel(); !kernel.empty()) {
    say(text("ito: kernel ", kernel, " touches memory that is not the device's: ITO_SIMT_CHECK=1 names line and thread\n"));
    _exit(2);
  }
  sigaction(signal, &previous_handler, nullptr);
  if (previous_handler.sa_flags & SA_SIGINFO && previous_handler.sa_sigaction) previous_handler.sa_sigaction(signal, info, context);
}

Heap& heap() {
  static Heap& one = *[] {
    auto* made = new Heap;  // never deleted: tensors may outlive every static object
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSEGV, &action, &previous_handler);
    return made;
  }();
  return one;
}

size_t rounded(size_t bytes) { return (std::max<size_t>(bytes, 1) + gap + alignment - 1) / alignment * alignment; }

// Whole pages within [data, data + size) go back to the system.
void give_back_pages(std::byte* data, size_t size) {
  constexpr uintptr_t page = 4096;
  const size_t before = (page - reinterpret_cast<uintptr_t>(data) % page) % page;
  if (before + page <= size) madvise(data + before, (size - before) / page * page, MADV_DONTNEED);
}

}  // namespace

Allocation::Allocation() = default;
Allocation::~Allocation() = default;

std::byte* heap_allocate(size_t bytes) {
  Heap& h = heap();
  const std::lock_guard lock(h.mutex);
  const size_t size = rounded(bytes);
  for (auto at = h.free.begin(); at != h.free.end(); ++at) {
    if (bytes > capacity || at->second < size) continue;
    const auto [data, room] = *at;
    h.free.erase(at);
    if (room > size) h.free[data + size] = room - size;
    auto made = std::make_unique<Allocation>();
    made->data = data;
    made->bytes = bytes;
    made->number = ++h.count;
    h.used[data] = std::move(made);
    return data;
  }
  return nullptr;
}

void heap_release(std::byte* data) {
  Heap& h = heap();
  const std::lock_guard lock(h.mutex);
  const auto found = h.used.find(data);
  if (found == h.used.end()) return;
  size_t size = rounded(found->second->bytes);
  h.used.erase(found);
  give_back_pages(data, size);
  auto after = h.free.lower_bound(data);
  if (after != h.free.end() && after->first == data + size) {
    size += after->second;
    after = h.free.erase(after);
  }
  if (after != h.free.begin())
    if (const auto before = std::prev(after); before->first + before->second == data) {
      before->second += size;
      return;
    }
  h.free[data] = size;
}

Allocation* allocation_near(const void* address) {
  const auto& used = heap().used;
  auto after = used.upper_bound(static_cast<std::byte*>(const_cast<void*>(address)));
  if (after == used.begin()) return after == used.end() ? nullptr : after->second.get();
  const auto before = std::prev(after);
  if (after == used.end()) return before->second.get();
  const auto* at = static_cast<const std::byte*>(address);
  return at - (before->first + before->second->bytes) < after->first - at ? before->second.get() : after->second.get();
}

Allocation* allocation_at(const void* address) {
  const auto* at = static_cast<const std::byte*>(address);
  const auto& used = heap().used;
  const auto after = used.upper_bound(const_cast<std::byte*>(at));
  if (after == used.begin()) return nullptr;
  Allocation* found = std::prev(after)->second.get();
  return at < found->data + found->bytes ? found : nullptr;
}

void for_each_allocation(const std::function<void(Allocation&)>& body) {
  for (const auto& [data, allocation] : heap().used) body(*allocation);
}

bool in_heap(const void* address) {
  const auto* at = static_cast<const std::byte*>(address);
  return heap().base <= at && at < heap().base + capacity;
}

size_t heap_capacity() { return capacity; }

OpenHeap::OpenHeap() {
  Heap& h = heap();
  if (h.open++ == 0) mprotect(h.base, capacity, PROT_READ | PROT_WRITE);
}

OpenHeap::~OpenHeap() {
  Heap& h = heap();
  if (--h.open == 0) mprotect(h.base, capacity, PROT_NONE);
}

}  // namespace ito::simt
