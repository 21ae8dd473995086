// Every op's cases through the harness, then: nothing was left out.
#include <doctest/doctest.h>

#include "tests/cases/check.h"

TEST_SUITE("ops") {
  TEST_CASE("every op: all variants agree with the reference, gradients of both orders with differences, bits with other thread counts") {
    int checks = 0;
    for (const ito::checks::CaseList& list : ito::checks::case_lists()) {
      const ito::checks::Report report = ito::checks::check_op(list);
      checks += report.checks;
      CHECK_MESSAGE(report.cases > 0, list.op, " has no cases");
      for (const std::string& failure : report.failures) FAIL_CHECK(failure);
    }
    MESSAGE(checks, " checks on ", ito::checks::case_lists().size(), " ops");

    for (const std::string& left_out : ito::checks::never_run(ito::Device::cpu))
      if (left_out.find("test_") == std::string::npos)  // registered by tests of the table and of the harness
        FAIL_CHECK("no case runs ", left_out);
  }
}
