#include "kernels/simt/counters.h"

#include <algorithm>
#include <array>
#include <bit>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kernels/simt/launch.h"
#include "kernels/simt/variables.h"

namespace ito::simt {

namespace {

constexpr int max_lanes = 1024, max_warps = max_lanes / warp_size;

struct Request {
  uint32_t lanes = 0;  // that take part, as bits
  int64_t interval = 0;
  uint64_t address[warp_size];
};

// One instruction within a block, for accesses of one size to shared or to global memory.
struct Instruction {
  size_t bytes = 0;
  bool shared = false;
  std::array<std::vector<Request>, max_warps> requests;  // of a warp, one after the other
  std::array<uint32_t, max_lanes> executions{};          // so far, of a lane
};

struct Counting {
  bool on = false;
  std::map<std::string, KernelCounts> of_kernel;
  KernelCounts* counts = nullptr;  // of the kernel that runs
  int64_t lanes = 0, interval = 0;
  std::array<uint32_t, max_warps> busy{};  // lanes that have done something since the last barrier
  std::unordered_map<uint64_t, Instruction> instructions;
};

// Checked blocks run one after the other.
Counting& counting() {
  static Counting one;
  return one;
}

uint32_t lanes_of_warp(int warp) {
  const int64_t lanes = std::min<int64_t>(warp_size, counting().lanes - warp * warp_size);
  return lanes == warp_size ? ~0U : (1U << lanes) - 1;
}

int64_t distinct(std::vector<uint64_t>& values) {
  std::sort(values.begin(), values.end());
  return std::unique(values.begin(), values.end()) - values.begin();
}

int64_t sectors(const Request& r, size_t bytes) {
  static std::vector<uint64_t> touched;
  touched.clear();
  for (int l = 0; l < warp_size; ++l)
    if (r.lanes >> l & 1)
      for (uint64_t s = r.address[l] / 32; s <= (r.address[l] + bytes - 1) / 32; ++s) touched.push_back(s);
  return distinct(touched);
}

// How often shared memory must pass over its banks for the request, beyond once for each 128 bytes that lanes side by side ask for.
int64_t conflicts(const Request& r, size_t bytes) {
  const int lanes_of_pass = std::clamp(int(128 / bytes), 1, warp_size);
  static std::vector<uint64_t> words;
  int64_t further = 0;
  for (int first = 0; first < warp_size; first += lanes_of_pass) {
    words.clear();
    for (int l = first; l < first + lanes_of_pass; ++l)
      if (r.lanes >> l & 1)
        for (uint64_t w = r.address[l] / 4; w <= (r.address[l] + bytes - 1) / 4; ++w) words.push_back(w);
    words.resize(size_t(distinct(words)));
    std::array<int, 32> of_bank{};
    for (const uint64_t w : words) ++of_bank[w % 32];
    further += std::max(0, *std::max_element(of_bank.begin(), of_bank.end()) - 1);
  }
  return further;
}

void add(const Instruction& instruction, const Request& r, int warp) {
  const Counting& c = counting();
  KernelCounts& k = *c.counts;
  const int64_t bytes = int64_t(instruction.bytes) * std::popcount(r.lanes);
  if (instruction.shared) {
    ++k.shared_requests;
    k.shared_bytes += bytes;
    k.bank_conflicts += conflicts(r, instruction.bytes);
  } else {
    ++k.global_requests;
    k.global_bytes += bytes;
    k.global_sectors += sectors(r, instruction.bytes);
  }
  // All lanes reach a later barrier; in the last interval those are left that do something in it.
  const uint32_t live = r.interval < c.interval ? lanes_of_warp(warp) : c.busy[size_t(warp)];
  k.divergent_requests += (live & ~r.lanes) != 0;
}

}  // namespace

void count_kernels(bool on) {
  synchronize();
  counting().on = on;
}

std::map<std::string, KernelCounts> take_kernel_counts() {
  synchronize();
  return std::exchange(counting().of_kernel, {});
}

bool counting_kernels() { return counting().on; }

void count_launch(const std::string& kernel, int64_t threads_of_block) {
  Counting& c = counting();
  c.counts = &c.of_kernel[kernel];
  c.lanes = threads_of_block;
  c.interval = 0;
  c.busy = {};
  c.instructions.clear();  // of a block that came to no end
  ++c.counts->launches;
}

void count_access(const void* address, size_t bytes, bool shared, int lane, uint32_t instruction) {
  Counting& c = counting();
  // Code that is called from two places may find shared memory at one and global memory at the other.
  Instruction& i = c.instructions[uint64_t(instruction) << 32 | bytes << 1 | shared];
  i.bytes = bytes;
  i.shared = shared;
  const size_t warp = size_t(lane / warp_size), k = i.executions[size_t(lane)]++;
  std::vector<Request>& requests = i.requests[warp];
  if (requests.size() <= k) requests.resize(k + 1);
  Request& r = requests[k];
  r.lanes |= 1U << lane % warp_size;
  r.interval = std::max(r.interval, c.interval);
  r.address[lane % warp_size] = reinterpret_cast<uintptr_t>(address);
  c.busy[warp] |= 1U << lane % warp_size;
}

void count_barrier() {
  Counting& c = counting();
  ++c.counts->barriers;
  ++c.interval;
  c.busy = {};
}

void count_warp_operation(uint32_t mask, int first_lane) {
  Counting& c = counting();
  ++c.counts->warp_operations;
  c.busy[size_t(first_lane / warp_size)] |= mask;
}

void count_block() {
  Counting& c = counting();
  ++c.counts->blocks;
  c.counts->threads += c.lanes;
  for (const auto& [address, instruction] : c.instructions)
    for (int warp = 0; warp < max_warps; ++warp)
      for (const Request& r : instruction.requests[size_t(warp)]) add(instruction, r, warp);
  c.instructions.clear();
  c.interval = 0;
  c.busy = {};
}

}  // namespace ito::simt
