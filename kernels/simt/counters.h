// What kernels ask of memory and of each other, counted while they run checked: an emulator has no times to tell, but it sees why a kernel is slow.
//
// A request is what the lanes of a warp ask for with one instruction: the k-th time that each of them comes to it within a block.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace ito::simt {

struct KernelCounts {
  int64_t launches = 0, blocks = 0, threads = 0;
  int64_t global_requests = 0;
  int64_t global_bytes = 0;    // that the lanes ask for
  int64_t global_sectors = 0;  // of 32 bytes, touched by each request: 4 when 32 lanes read neighbouring floats, 32 when each reads elsewhere
  int64_t shared_requests = 0;
  int64_t shared_bytes = 0;
  int64_t bank_conflicts = 0;  // further passes that shared memory needs: 32 banks of 4 bytes, one word of a bank in a pass of 128 bytes
  int64_t barriers = 0;        // of blocks
  int64_t warp_operations = 0;
  // Requests without some lanes that yet have something to do: in the same interval between barriers, or later.
  int64_t divergent_requests = 0;

  double sectors_per_request() const { return global_requests ? double(global_sectors) / double(global_requests) : 0; }
  double divergence() const {
    const int64_t requests = global_requests + shared_requests;
    return requests ? double(divergent_requests) / double(requests) : 0;
  }
};

// From now on launches that run checked (settings.h) are counted, or no more.
void count_kernels(bool on);
// By the kernel's name; since the last call. Waits for the device.
std::map<std::string, KernelCounts> take_kernel_counts();

// From the checker.
bool counting_kernels();
void count_launch(const std::string& kernel, int64_t threads_of_block);
void count_access(const void* address, size_t bytes, bool shared, int lane, uint32_t instruction);
void count_barrier();
void count_warp_operation(uint32_t mask, int first_lane);
void count_block();  // has come to its end

}  // namespace ito::simt
