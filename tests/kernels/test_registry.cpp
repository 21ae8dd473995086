#include "kernels/registry.h"

#include <doctest/doctest.h>

using namespace ito;
using namespace ito::kernels;

namespace {
template <class T>
using Answer = Kernel<"test_answer", T, void(T* out)>;

template <class T>
void slow(T* out) {
  *out = T(1);
}
template <class T>
void fast(T* out) {
  *out = T(2);
}

float answer() {
  float out = 0;
  Answer<float>::on(Device::cpu)(&out);
  return out;
}
}  // namespace

// Registered in the wrong order on purpose: which source file comes first must not decide.
ITO_REGISTER_KERNEL(Answer, Device::cpu, "fast", fast, float);
ITO_REGISTER_KERNEL(Answer, Device::cpu, "reference", slow, float);

TEST_SUITE("kernels") {
  TEST_CASE("the reference is not the default where there is another variant") { CHECK(answer() == 2); }

  TEST_CASE("a pin picks a variant until it is lifted; a pin for all gives way where there is no such variant") {
    pin_variant("test_answer", "reference");
    CHECK(answer() == 1);
    pin_variant("test_answer", "");
    CHECK(answer() == 2);
    pin_variant("*", "reference");
    CHECK(answer() == 1);
    pin_variant("*", "no such variant");
    CHECK(answer() == 2);
    pin_variant("*", "");
  }

  TEST_CASE("an unknown pinned variant and a kernel that does not exist on a device are errors that name the op") {
    pin_variant("test_answer", "wrong");
    CHECK_THROWS_WITH(answer(), "no kernel test_answer:wrong for f32 on cpu");
    pin_variant("test_answer", "");
    CHECK_THROWS_WITH(Answer<float>::on(Device::cuda), "no kernel test_answer for f32 on cuda");
  }

  TEST_CASE("registering a variant twice is an error that names both places") {
    CHECK_THROWS_WITH(Answer<float>::add(Device::cpu, "fast", &fast<float>, "here.cpp", 7), doctest::Contains("here.cpp:7"));
  }
}
