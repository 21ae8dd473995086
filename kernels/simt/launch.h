// Emulated launches: checked against the limits of a GPU, queued as on a stream, run when something synchronises. The host side of cuda.h.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "kernels/simt/block.h"
#include "kernels/simt/settings.h"
#include "kernels/simt/variables.h"

namespace ito::simt {

struct LaunchRecord {
  dim3 grid, block;
  size_t shared_bytes = 0;
  Place where;
  const void* kernel = nullptr;
  void (*call)(const void* kernel, const std::byte* arguments, bool traced) = nullptr;  // one lane
  std::vector<std::byte> arguments;
  std::vector<std::pair<int, const void*>> pointers;  // the arguments that are pointers, by position

  LaunchRecord(dim3 grid_, dim3 block_, size_t shared_bytes_, Place where_, const void* kernel_, size_t argument_bytes);
  void put(int position, size_t offset, const void* argument, size_t bytes, bool is_pointer);
};

// Throws Error when a GPU would refuse the launch.
void enqueue(LaunchRecord record);
// Runs what is queued. Throws Error with the first finding of the checker.
void synchronize();

// For messages. The kernel that runs, "" when none does; "`weight`" for a pointer argument of it, or "" (from the text of the launch).
std::string running_kernel();
std::string argument_name(const void* allocation, size_t bytes);
const LaunchRecord* running_launch();

// What the checker found, since the last call.
std::vector<std::string> take_findings();

// cudaFuncAttributeMaxDynamicSharedMemorySize.
void allow_shared_bytes(const void* kernel, size_t bytes);

std::byte* dynamic_shared_memory();
size_t dynamic_shared_bytes();  // of the running launch

// Counts of one launch after the other, for benches and tests.
struct Counters {
  int64_t launches = 0, blocks = 0, lanes = 0, barriers = 0;
};
Counters& counters();

constexpr size_t max_shared_bytes = size_t{227} << 10, usual_shared_bytes = size_t{48} << 10;

}  // namespace ito::simt
