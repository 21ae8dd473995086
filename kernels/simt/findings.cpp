#include "kernels/simt/findings.h"

#include <set>
#include <utility>

#include "kernels/simt/block.h"
#include "kernels/simt/heap.h"
#include "kernels/simt/launch.h"
#include "kernels/simt/symbols.h"
#include "tensor/error.h"

namespace ito::simt {

namespace {

constexpr size_t max_findings = 20;

struct Findings {
  std::vector<std::string> sentences;
  std::set<std::pair<Finding, const void*>> reported;
};

// Checked blocks run one after the other on the thread that launches.
Findings& findings() {
  static thread_local Findings own;
  return own;
}

std::string shared_name(const void* address) {
  const auto* at = static_cast<const std::byte*>(address);
  const std::byte* dynamic = dynamic_shared_memory();
  if (dynamic <= at && at < dynamic + max_shared_bytes) return text("dynamic shared memory, byte ", at - dynamic);
  const std::byte* begin = thread_locals().begin;
  const SharedArray array = shared_array_at(at - begin);
  return text("shared array `", array.name, "`, byte ", at - begin - array.offset);
}

std::string device_name(const void* address) {
  const Allocation* a = allocation_near(address);
  if (!a) return "device memory that was never allocated";
  std::string name = argument_name(a->data, a->bytes);
  if (name.empty()) name = text("allocation ", a->number);
  const int64_t offset = static_cast<const std::byte*>(address) - a->data;
  if (offset < 0) return text(-offset, " bytes before the start of ", name, " (", a->bytes, " bytes)");
  if (offset >= int64_t(a->bytes)) return text(offset - int64_t(a->bytes), " bytes past the end of ", name, " (", a->bytes, " bytes)");
  return text(name, ", byte ", offset, " of ", a->bytes);
}

}  // namespace

void begin_findings() { findings() = {}; }

bool is_new_finding(Finding kind, const void* instruction) {
  Findings& f = findings();
  return f.sentences.size() < max_findings && f.reported.emplace(kind, instruction).second;
}

void add_finding(const void* instruction, const std::string& message) {
  const uint3& b = variables.block;
  findings().sentences.push_back(text("[", running_kernel(), "] ", source_line(instruction), ": block (", b.x, ",", b.y, ",", b.z, ") ",
                                      current_block().lane_name(variables.lane), ' ', message));
}

void throw_findings() {
  const auto& all = findings().sentences;
  if (all.empty()) return;
  const std::string first = all.front();
  if (all.size() > 1) fail(first, " (and ", all.size() - 1, " more)");
  fail(first);
}

std::vector<std::string> take_findings() { return std::exchange(findings().sentences, {}); }

const char* verb(AccessKind kind) { return kind == AccessKind::read ? "reads" : kind == AccessKind::write ? "writes" : "atomically updates"; }

std::string describe_address(const void* address) { return in_heap(address) ? device_name(address) : shared_name(address); }

void stop_at(const void* instruction, const std::string& message) {
  current_block().stop(text(source_line(instruction), ": ", current_block().lane_name(variables.lane), " ", message));
}

void stop_at(const char* file, int line, const std::string& message) {
  current_block().stop(text(text_of({file, line}), ": ", current_block().lane_name(variables.lane), " ", message));
}

}  // namespace ito::simt
