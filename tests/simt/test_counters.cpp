#include <doctest/doctest.h>

#include "kernels/simt/counters.h"
#include "tests/simt/counted.h"
#include "tests/simt/emulated.h"

using namespace ito;

namespace {

simt::KernelCounts counted(const char* kernel) {
  simt::take_kernel_counts();
  simt::count_kernels(true);
  checks::run_counted(kernel);
  simt::count_kernels(false);
  const auto counts = simt::take_kernel_counts();
  REQUIRE(counts.size() == 1);
  CHECK(counts.begin()->first == kernel);
  return counts.begin()->second;
}

}  // namespace

TEST_SUITE("simt") {
  TEST_CASE("counts of kernels with known requests, in three orders") {
    for (simt::Settings s : checks::orders) {
      s.checked = true;
      const checks::With settings(s);

      simt::KernelCounts c = counted("copied");  // 4 blocks of 2 warps; 32 neighbouring floats are 128 bytes, 4 sectors
      CHECK(c.launches == 1);
      CHECK(c.blocks == 4);
      CHECK(c.threads == 256);
      CHECK(c.global_requests == 16);
      CHECK(c.global_bytes == 2 * 256 * 4);
      CHECK(c.sectors_per_request() == 4);
      CHECK(c.shared_requests == 0);
      CHECK(c.divergence() == 0);

      c = counted("copied_by_four");
      CHECK(c.global_requests == 4);
      CHECK(c.sectors_per_request() == 16);

      c = counted("strided");  // each lane reads a sector of its own; the writes are neighbours
      CHECK(c.global_requests == 4);
      CHECK(c.global_sectors == 2 * 32 + 2 * 4);

      c = counted("one_for_all");
      CHECK(c.global_sectors == 2 * 1 + 2 * 4);

      c = counted("columns<0>");  // all lanes read one bank: 31 further passes a request
      CHECK(c.shared_requests == 2 * 64);
      CHECK(c.bank_conflicts == 2 * 32 * 31);
      CHECK(c.warp_operations == 2);
      c = counted("columns<1>");
      CHECK(c.shared_requests == 2 * 64);
      CHECK(c.bank_conflicts == 0);

      c = counted("shared_by_four");  // 16 bytes a lane go in four passes of eight lanes; then every fourth bank, four words of each
      CHECK(c.barriers == 1);
      CHECK(c.shared_bytes == 64 * 16 + 64 * 4);
      CHECK(c.bank_conflicts == 2 * 3);

      c = counted("every_second");
      CHECK(c.global_requests == 2);
      CHECK(c.divergence() == 1);
      c = counted("some_leave");  // those that have gone are not waited for
      CHECK(c.global_requests == 2);
      CHECK(c.global_bytes == 160);
      CHECK(c.divergence() == 0);
      c = counted("unequal_loops");  // the second round is half a warp's
      CHECK(c.global_requests == 4);
      CHECK(c.divergence() == 0.5);

      c = counted("warp_sum");
      CHECK(c.warp_operations == 2 * 5);
      CHECK(c.barriers == 1);
      CHECK(c.divergence() == 0);

      c = counted("tile");  // 16 rows of 32 bytes
      CHECK(c.global_requests == 4);
      CHECK(c.global_sectors == 2 * 16 + 2 * 4);
    }
  }

  TEST_CASE("nothing is counted unless it was asked for, and launches that run plain never are") {
    checks::run_counted("copied");
    CHECK(simt::take_kernel_counts().empty());
    simt::count_kernels(true);
    const checks::With settings({.checked = false});
    checks::run_counted("copied");
    CHECK(simt::take_kernel_counts().empty());
    simt::count_kernels(false);
  }
}
