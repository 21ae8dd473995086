// ito kernels list | check | bench: the workbench for who writes kernels.
#include <cstdio>
#include <map>

#include "cli/commands.h"
#include "data/config.h"
#include "kernels/cuda/runtime.h"
#include "kernels/registry.h"
#include "tests/cases/check.h"

namespace ito::cli {

namespace {

using kernels::KernelRow;

// "kernels/softmax/softmax_cpu.cpp" of a path that the compiler was given.
std::string_view short_path(std::string_view file) {
  const size_t at = file.rfind("/kernels/");
  return at == std::string_view::npos ? file : file.substr(at + 1);
}

}  // namespace

void list_kernels(const std::string& op) {
  struct Line {
    std::string types, place;
  };
  std::map<std::tuple<std::string, Device, std::string>, Line> lines;  // by op, device, variant
  for (const KernelRow& row : kernels::kernel_rows()) {
    if (!op.empty() && row.op.find(op) == std::string_view::npos) continue;
    Line& line = lines[{std::string(row.op), row.device, std::string(row.variant)}];
    line.types += text(line.types.empty() ? "" : " ", row.dtype);
    line.place = text(short_path(row.file), ":", row.line);
  }
  ITO_CHECK(!lines.empty(), "no kernel has '", op, "' in its name; ito kernels list shows all");
  for (const auto& [key, line] : lines) {
    const auto& [name, device, variant] = key;
    std::printf("%-24s %-5s %-16s %-30s %s\n", name.c_str(), std::string(name_of(device)).c_str(), variant.c_str(), line.types.c_str(),
                line.place.c_str());
  }
}

namespace {

// Throws Error when nothing is called so.
std::vector<checks::CaseList> lists_for(const std::string& name) {
  const std::vector<checks::CaseList> found = checks::lists_for(name);
  if (!found.empty()) return found;
  std::vector<std::string> names;
  for (const checks::CaseList& list : checks::case_lists()) names.emplace_back(list.op);
  fail("no op or kernel '", name, "'; did you mean '", nearest(name, names), "'?");
}

void check_variant_exists(const KernelArguments& o, Device device) {
  std::vector<std::string> names;
  for (const KernelRow& row : kernels::kernel_rows())
    if (row.device == device) names.emplace_back(row.variant);
  ITO_CHECK(o.variant.empty() || std::find(names.begin(), names.end(), o.variant) != names.end(), "no kernel has a variant '", o.variant, "' on ",
            name_of(device), "; did you mean '", nearest(o.variant, names), "'? ito kernels list shows all");
}

}  // namespace

void check_kernels(const KernelArguments& o) {
  std::vector<Device> devices{Device::cpu, Device::cuda};
  if (!o.device.empty()) devices = {device_named(o.device)};
  if (!cuda::available()) std::erase(devices, Device::cuda);
  ITO_CHECK(!o.checked || (devices.back() == Device::cuda && cuda::emulated()), "--checked needs the emulated cuda device");
  int failures = 0;
  const auto run = [&](const checks::CaseList& list, const checks::CheckOptions& options) {
    const checks::Report report = checks::check_op(list, options);
    std::printf("%-20s %-5s%-8s %3d cases %5d checks  %s\n", list.op, std::string(name_of(options.device)).c_str(), options.traced ? " checked" : "",
                report.cases, report.checks, report.failures.empty() ? "ok" : "FAILED");
    for (const std::string& failure : report.failures) std::printf("  %s\n", failure.c_str());
    failures += int(report.failures.size());
  };
  for (const Device device : devices) {
    check_variant_exists(o, device);
    for (const checks::CaseList& list : lists_for(o.op)) {
      run(list, {.device = device, .variant = o.variant});
      if (o.checked && device == Device::cuda) run(list, {.device = device, .traced = true, .variant = o.variant});
    }
  }
  ITO_CHECK(failures == 0, failures, " checks failed");
}

}  // namespace ito::cli
