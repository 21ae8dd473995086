// Every op's cases on the CUDA device, emulated or real; then: nothing was left out. ITO_OPS=softmax,matmul runs only the lists of those names.
#include <doctest/doctest.h>

#include <cstdlib>

#include "kernels/cuda/runtime.h"
#include "tests/cases/check.h"

using namespace ito;

namespace {

bool wanted(const char* op) {
  const char* only = std::getenv("ITO_OPS");
  return !only || text(",", only, ",").find(text(",", op, ",")) != std::string::npos;
}

void check_all(const checks::CheckOptions& options) {
  int checks = 0;
  for (const checks::CaseList& list : checks::case_lists()) {
    if (!wanted(list.op)) continue;
    const checks::Report report = checks::check_op(list, options);
    checks += report.checks;
    for (const std::string& failure : report.failures) FAIL_CHECK(failure);
  }
  CHECK(checks > 0);
  MESSAGE(checks, " checks");
}

}  // namespace

TEST_SUITE("cuda") {
  TEST_CASE("every op on the device: all variants agree with the cpu's reference, in every order of lanes and blocks") {
    check_all({.device = Device::cuda});
    if (std::getenv("ITO_OPS")) return;
    for (const std::string& left_out : checks::never_run(Device::cuda))
      if (left_out.find("test_") == std::string::npos) FAIL_CHECK("no case runs ", left_out);
  }
}

TEST_SUITE("cuda_traced") {
  TEST_CASE("every op on the device, every access looked at: no finding") {
    if (cuda::emulated()) check_all({.device = Device::cuda, .traced = true});
  }
}
