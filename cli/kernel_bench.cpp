// ito kernels bench: every variant of a kernel, verified, then timed and set against what the machine can do.
#include "cli/kernel_bench.h"

#include <cstdio>
#include <set>

#include "bench/kernels/bench.h"
#include "bench/kernels/peaks.h"
#include "kernels/cuda/runtime.h"
#include "kernels/registry.h"
#include "tests/cases/check.h"

namespace ito::cli {

namespace {

std::vector<std::string> variants_of(std::string_view op, DType dtype, Device device) {
  std::vector<std::string> out;
  for (const kernels::KernelRow& row : kernels::kernel_rows())
    if (row.op == op && row.dtype == dtype && row.device == device) out.emplace_back(row.variant);
  return out;
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

}  // namespace

void bench_kernel(const std::string& op, Device device, const std::string& only) {
  const bool timed = device == Device::cpu || !cuda::emulated();
  const bench::Peaks peaks = timed ? bench::measured_peaks(device) : bench::Peaks{};
  if (timed)
    std::printf("this machine: %.1f GB/s copied, %.1f GFLOP/s of f32 multiply-adds\n", peaks.bytes_per_second / 1e9, peaks.flops_per_second / 1e9);
  for (const bench::Bench& b : bench::benches()) {
    if (std::string_view(b.kernel).find(op) == std::string_view::npos) continue;
    for (const DType dtype : {DType::f32, DType::bf16}) {
      std::vector<std::string> variants = variants_of(b.kernel, dtype, device);
      if (!only.empty()) std::erase_if(variants, [&](const std::string& v) { return v != only; });
      if (variants.empty()) continue;
      const bench::Call call = (dtype == DType::f32 ? b.f32 : b.bf16)({device, timed});
      if (dtype == DType::f32) std::printf("%s, %s: %s\n", b.kernel, std::string(name_of(device)).c_str(), call.shape.c_str());
      for (const std::string& variant : variants) {
        kernels::pin_variant(b.kernel, variant);
        if (timed)
          time_variant(call, variant, dtype, peaks);
        else
          count_variant(call, variant, dtype);
        kernels::pin_variant(b.kernel, "");
      }
    }
  }
}

}  // namespace ito::cli
