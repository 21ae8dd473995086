// Every kernel has a timed call, and every timed call is of a kernel.
#include <doctest/doctest.h>

#include <set>

#include "bench/kernels/bench.h"
#include "kernels/cuda/runtime.h"
#include "kernels/registry.h"
#include "tests/cases/check.h"

TEST_SUITE("kernels") {
  TEST_CASE("every kernel of the table has a bench, and its small calls run on every device") {
    std::set<std::string> kernels, benches;
    std::set<std::string> devices;
    for (const ito::kernels::KernelRow& row : ito::kernels::kernel_rows()) {
      if (!row.op.starts_with("test_")) kernels.emplace(row.op);
      if (row.device == ito::Device::cpu || ito::cuda::available()) devices.emplace(ito::name_of(row.device));
    }
    for (const ito::bench::Bench& bench : ito::bench::benches()) {
      benches.emplace(bench.kernel);
      for (const std::string& device : devices) {
        const ito::bench::Call call = bench.f32({ito::device_named(device), false});
        CHECK_NOTHROW(call.run());
        CHECK(call.work.bytes > 0);
      }
    }
    CHECK(kernels == benches);
  }

  TEST_CASE("every kernel has cases that `ito kernels check` and `bench` find by its name") {
    std::set<std::string> kernels;
    for (const ito::kernels::KernelRow& row : ito::kernels::kernel_rows())
      if (!row.op.starts_with("test_")) kernels.emplace(row.op);
    for (const std::string& kernel : kernels) {
      INFO(kernel);
      CHECK(!ito::checks::lists_for(kernel).empty());
    }
    CHECK(ito::checks::lists_for("no such kernel").empty());
  }
}
