// ito gradcheck [OP]
#include <cstdio>

#include "cli/commands.h"
#include "data/config.h"
#include "tests/cases/check.h"

namespace ito::cli {

void check_gradients(const std::string& op) {
  std::vector<std::string> names;
  int failures = 0;
  bool found = false;
  for (const checks::CaseList& list : checks::case_lists()) {
    names.push_back(list.op);
    if (!op.empty() && op != list.op) continue;
    found = true;
    const checks::Report report = checks::check_op(list);
    std::printf("%-20s %3d cases %5d checks  %s\n", list.op, report.cases, report.checks, report.failures.empty() ? "ok" : "FAILED");
    for (const std::string& failure : report.failures) std::printf("  %s\n", failure.c_str());
    failures += int(report.failures.size());
  }
  ITO_CHECK(found, "no op '", op, "'; did you mean '", nearest(op, names), "'?");
  ITO_CHECK(failures == 0, failures, " checks failed");
}

}  // namespace ito::cli
