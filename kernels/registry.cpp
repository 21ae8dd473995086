#include "kernels/registry.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <utility>

#include "kernels/gemm/pairs.h"

namespace ito::kernels {

namespace {
std::vector<KernelRow>& rows() {
  static std::vector<KernelRow> all;
  return all;
}

// "op:variant,op:variant" from ITO_KERNEL. Pins are checked when the op is called, since registration may not be over yet.
std::map<std::string, std::string, std::less<>> pins_from_environment() {
  std::map<std::string, std::string, std::less<>> pins;
  const char* setting = std::getenv("ITO_KERNEL");
  std::string_view rest = setting ? setting : "";
  while (!rest.empty()) {
    const std::string_view pin = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), pin.size() + 1));
    const size_t colon = pin.find(':');
    ITO_CHECK(colon != std::string_view::npos, "ITO_KERNEL: expected op:variant, got '", pin, "'");
    pins.emplace(pin.substr(0, colon), pin.substr(colon + 1));
  }
  return pins;
}

std::map<std::string, std::string, std::less<>>& pins() {
  static auto all = pins_from_environment();
  return all;
}
}  // namespace

namespace {
std::mutex chosen_mutex;
std::set<std::string> chosen_ops;
}  // namespace

std::set<std::string> take_chosen_ops() {
  const std::lock_guard lock(chosen_mutex);
  return std::exchange(chosen_ops, {});
}

const std::vector<KernelRow>& kernel_rows() { return rows(); }

void pin_variant(std::string_view op, std::string_view variant) {
  if (variant.empty())
    pins().erase(std::string(op));
  else
    pins()[std::string(op)] = variant;
  ++detail::pin_generation;
}

namespace {
bool checked_set = false;
}

void run_checked_set(bool checked) {
  checked_set = checked;
  ++detail::pin_generation;
}

namespace detail {

unsigned pin_generation = 0;

void add_kernel(KernelRow row, AnyFunction function, bool checked) {
  for (KernelRow& other : rows()) {
    if (other.op != row.op || other.dtype != row.dtype || other.device != row.device || other.variant != row.variant) continue;
    ITO_CHECK(!other.function[checked], "kernel ", row.op, ":", row.variant, " is registered twice: ", other.file, ":", other.line, " and ", row.file,
              ":", row.line);
    other.function[checked] = function;
    return;
  }
  row.function[checked] = function;
  rows().push_back(row);
}

namespace {
// A wrong name in ITO_KERNEL would otherwise pick nothing, silently. When a kernel is looked up all are registered.
void check_pinned_ops() {
  static bool checked = false;
  if (checked) return;
  checked = true;
  for (const auto& [pinned, variant] : pins())
    ITO_CHECK(pinned == "*" || std::any_of(rows().begin(), rows().end(), [&, &name = pinned](const KernelRow& row) { return row.op == name; }),
              "ITO_KERNEL: there is no kernel '", pinned, "'; ito kernels list shows all");
}

std::string pinned_variant(std::string_view op) {
  check_pinned_ops();
  const auto found = pins().find(op);
  return found == pins().end() ? "" : found->second;
}

// Convolutions need AMX to be faster on pairs than by Winograd in f32, which multiplies a quarter as often; attention, whose products are small, too.
// f32 takes six products of pairs for one.
int rank_of_pairs(std::string_view op, DType dtype) {
  const auto needed = op == "matmul" && dtype == DType::bf16 ? pairs::Unit::avx512 : pairs::Unit::amx;
  return pairs::unit() >= needed ? 2 : 0;
}

int rank_of(std::string_view op, DType dtype, std::string_view variant) {
  if (variant == "reference" || variant == "naive") return 0;
  if (variant == "pairs") return rank_of_pairs(op, dtype);
  return variant == "cublas" || variant == "cudnn" || variant == "cufft" || variant == "onednn" ? 2 : 1;
}

KernelRow* find(std::string_view op, DType dtype, Device device, std::string_view variant) {
  KernelRow* found = nullptr;
  for (KernelRow& row : rows()) {
    if (row.op != op || row.dtype != dtype || row.device != device) continue;
    if (variant.empty() ? !found || rank_of(op, dtype, row.variant) >= rank_of(op, dtype, found->variant) : row.variant == variant) found = &row;
  }
  return found;
}

AnyFunction function_of(const KernelRow& row) { return row.function[checked_set && row.function[1]]; }
}  // namespace

AnyFunction chosen_kernel(std::string_view op, DType dtype, Device device) {
  const std::string pinned = pinned_variant(op);
  KernelRow* found = find(op, dtype, device, pinned.empty() ? pinned_variant("*") : pinned);
  if (!found && pinned.empty()) found = find(op, dtype, device, "");
  ITO_CHECK(found, "no kernel ", op, pinned.empty() ? "" : ":", pinned, " for ", dtype, " on ", name_of(device));
  const std::lock_guard lock(chosen_mutex);  // the data loader works on a thread of its own
  chosen_ops.emplace(op);
  found->used = true;
  return function_of(*found);
}

AnyFunction named_kernel(std::string_view op, DType dtype, Device device, std::string_view variant) {
  KernelRow* found = find(op, dtype, device, variant);
  ITO_CHECK(found, "no kernel ", op, ":", variant, " for ", dtype, " on ", name_of(device));
  const std::lock_guard lock(chosen_mutex);
  found->used = true;
  return function_of(*found);
}

}  // namespace detail

}  // namespace ito::kernels
