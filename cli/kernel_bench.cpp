// ito kernels bench: every variant of a kernel, verified, then timed and set against what the machine can do.
#include <algorithm>
#include <cstdio>
#include <set>

#include "bench/kernels/bench.h"
#include "bench/kernels/peaks.h"
#include "cli/commands.h"
#include "kernels/cuda/runtime.h"
#include "kernels/registry.h"
#include "kernels/simt/counters.h"
#include "kernels/simt/settings.h"
#include "tests/cases/check.h"

namespace ito::cli {

namespace {

std::vector<std::string> variants_of(std::string_view op, DType dtype, Device device) {
  std::vector<std::string> out;
  for (const kernels::KernelRow& row : kernels::kernel_rows())
    if (row.op == op && row.dtype == dtype && row.device == device) out.emplace_back(row.variant);
  return out;
}

// The first case of the kernel's ops whose values or gradients the variant gets wrong; "" when there is none.
std::string what_is_wrong(const std::string& kernel, const std::string& variant, DType dtype, Device device) {
  for (const checks::CaseList& list : checks::lists_for(kernel)) {
    std::vector<checks::Case> cases;
    list.fill(cases);
    for (size_t i = 0; i < cases.size(); ++i)
      if (const std::string wrong = checks::run_case(cases[i], variant, dtype, device); !wrong.empty())
        return text(list.op, " case ", i, ": ", wrong);
  }
  return "";
}

// The shortest time that the kernel's work can take on this machine, as a share of the time it took.
double share_of_attainable(const kernels::Work& work, double seconds, const bench::Peaks& peaks) {
  return std::max(work.bytes / peaks.bytes_per_second, work.flops / peaks.flops_per_second) / seconds;
}

void time_variant(const bench::Call& call, const std::string& variant, DType dtype, const bench::Peaks& peaks) {
  const double seconds = bench::seconds_of(call.run);
  std::printf("  %-4s %-16s %10.3f ms %9.1f GB/s %9.1f GFLOP/s   %3.0f %% of the attainable\n", std::string(name_of(dtype)).c_str(), variant.c_str(),
              seconds * 1e3, call.work.bytes / seconds / 1e9, call.work.flops / seconds / 1e9, 100 * share_of_attainable(call.work, seconds, peaks));
}

// What the emulator counts of one call, a line for each CUDA kernel of the variant; first, how much longer the emulation takes, plain and checked,
// than the cpu's own kernel.
void count_variant(const bench::Call& call, double cpu, const std::string& variant, DType dtype) {
  const double plain = bench::seconds_of(call.run);
  const simt::Settings before = simt::settings();
  simt::set_settings({.checked = true});
  const double checked = bench::seconds_of(call.run);
  simt::count_kernels(true);
  simt::take_kernel_counts();
  call.run();
  const auto counts = simt::take_kernel_counts();
  simt::count_kernels(false);
  std::printf("  %-4s %-16s emulated in %8.3f ms, %6.0f x the cpu; checked in %8.3f ms, %6.0f x\n", std::string(name_of(dtype)).c_str(),
              variant.c_str(), plain * 1e3, plain / cpu, checked * 1e3, checked / cpu);
  simt::set_settings(before);
  for (const auto& [kernel, c] : counts)
    std::printf(
        "  %-4s %-16s %-28s %8ld requests %6.1f B each %5.1f sectors  shared %8ld, conflicts %6ld  barriers %6ld  warp ops %7ld  divergent %3.0f "
        "%%\n",
        std::string(name_of(dtype)).c_str(), variant.c_str(), kernel.substr(0, 28).c_str(), long(c.global_requests),
        c.global_requests ? double(c.global_bytes) / double(c.global_requests) : 0.0, c.sectors_per_request(), long(c.shared_requests),
        long(c.bank_conflicts), long(c.barriers), long(c.warp_operations), 100 * c.divergence());
}

}  // namespace

void bench_kernels(const KernelArguments& o) {
  const Device device = device_named(o.device);
  const bool timed = device == Device::cpu || !cuda::emulated();
  const bench::Peaks peaks = timed ? bench::measured_peaks(device) : bench::Peaks{};
  if (timed)
    std::printf("this machine: %.1f GB/s copied, %.1f GFLOP/s of f32 multiply-adds\n", peaks.bytes_per_second / 1e9, peaks.flops_per_second / 1e9);
  const bool whole = std::any_of(bench::benches().begin(), bench::benches().end(), [&](const bench::Bench& b) { return b.kernel == o.op; });
  for (const bench::Bench& b : bench::benches()) {
    if (whole ? b.kernel != o.op : std::string_view(b.kernel).find(o.op) == std::string_view::npos) continue;
    for (const DType dtype : {DType::f32, DType::bf16}) {
      std::vector<std::string> variants = variants_of(b.kernel, dtype, device);
      if (!o.variant.empty()) std::erase_if(variants, [&](const std::string& v) { return v != o.variant; });
      if (variants.empty()) continue;
      const bench::Call call = (dtype == DType::f32 ? b.f32 : b.bf16)({device, timed});
      const double cpu = timed ? 0 : bench::seconds_of((dtype == DType::f32 ? b.f32 : b.bf16)({Device::cpu, false}).run);
      if (dtype == DType::f32) std::printf("%s, %s: %s\n", b.kernel, std::string(name_of(device)).c_str(), call.shape.c_str());
      for (const std::string& variant : variants) {
        if (const std::string wrong = what_is_wrong(b.kernel, variant, dtype, device); !wrong.empty()) {
          std::printf("  %-4s %-16s WRONG, not timed: %s\n", std::string(name_of(dtype)).c_str(), variant.c_str(), wrong.c_str());
          continue;
        }
        kernels::pin_variant(b.kernel, variant);
        if (timed)
          time_variant(call, variant, dtype, peaks);
        else
          count_variant(call, cpu, variant, dtype);
        kernels::pin_variant(b.kernel, "");
      }
    }
  }
}

}  // namespace ito::cli
