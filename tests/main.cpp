// Without doctest's own handlers of signals: the emulated device has one, which is tested.
#define DOCTEST_CONFIG_NO_POSIX_SIGNALS
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>

#include "kernels/cuda/runtime.h"

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  if (!ito::cuda::available()) {
    std::puts("the suites cuda* are left out: there is no cuda device");
    context.addFilter("test-suite-exclude", "cuda*");
  }
  return context.run();
}
