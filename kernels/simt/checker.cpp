#include "kernels/simt/checker.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

#include "kernels/simt/block.h"
#include "kernels/simt/heap.h"
#include "kernels/simt/launch.h"
#include "kernels/simt/symbols.h"
#include "tensor/error.h"

namespace ito::simt {

Shadow::Shadow(size_t bytes) : cells(static_cast<Cell*>(std::calloc(bytes, sizeof(Cell)))), written(bytes, false) {
  ITO_CHECK(cells, "no memory to check kernels on ", bytes, " bytes: take smaller tensors");
}
Shadow::~Shadow() { std::free(cells); }

namespace {

constexpr size_t max_findings = 20;

struct Checker {
  uint32_t launch = 0, block = 0;
  ThreadLocals shared;  // where this thread's shared arrays are
  std::unique_ptr<Shadow> shared_cells;
  // known[a][b]: what lane a knows of the clock of lane b of its warp.
  uint32_t known[1024][warp_size] = {};
  Allocation* last = nullptr;
  std::vector<std::string> findings;
  std::set<std::pair<int, const void*>> reported;
};

// Checked blocks run one after the other on the thread that launches.
Checker& checker() {
  static thread_local Checker one;
  return one;
}

std::string who(const Access& a) { return text(current_block().lane_name(a.lane)); }

std::string shared_name(const void* address) {
  const Checker& c = checker();
  const auto* at = static_cast<const std::byte*>(address);
  const std::byte* dynamic = dynamic_shared_memory();
  if (dynamic <= at && at < dynamic + max_shared_bytes) return text("dynamic shared memory, byte ", at - dynamic);
  const SharedArray array = shared_array_at(at - c.shared.begin);
  return text("shared array `", array.name, "`, byte ", at - c.shared.begin - array.offset);
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

std::string describe(const void* address) { return in_heap(address) ? device_name(address) : shared_name(address); }

enum Kind : int { uninitialised, race };

void find(Kind kind, const void* instruction, const auto& message) {
  Checker& c = checker();
  if (c.findings.size() >= max_findings || !c.reported.emplace(kind, instruction).second) return;
  const uint3& b = variables.block;
  c.findings.push_back(text("[", running_kernel(), "] ", source_line(instruction), ": block (", b.x, ",", b.y, ",", b.z, ") ",
                            current_block().lane_name(variables.lane), ' ', message()));
}

const char* verb(AccessKind kind) { return kind == AccessKind::read ? "reads" : kind == AccessKind::write ? "writes" : "atomically updates"; }

[[noreturn]] void stop_at(const void* instruction, const std::string& message) {
  current_block().stop(text(source_line(instruction), ": ", current_block().lane_name(variables.lane), " ", message));
}

bool same_thread(const Access& a, const Access& b) { return a.launch == b.launch && a.block == b.block && a.lane == b.lane; }

bool is_argument(const std::byte* at) {
  const LaunchRecord* l = running_launch();
  const auto* first = static_cast<const std::byte*>(l->arguments.get());
  return first <= at && at < first + l->argument_bytes;
}

// Each block has a shared memory of its own, even if the emulator gives all the same addresses.
bool ordered(const Access& before, const Checker& c, uint32_t interval, int lane, bool shared) {
  if (before.launch != c.launch || (before.block == c.block && before.lane == lane)) return true;
  if (before.block != c.block) return shared;
  if (before.interval != interval) return true;
  return before.lane / warp_size == lane / warp_size && c.known[lane][before.lane % warp_size] > before.clock;
}

void check_race(const Access& before, const Access& now, const char* past, const char* present, const void* address, Checker& c) {
  if (ordered(before, c, now.interval, now.lane, !in_heap(address)) || (before.atomic && now.atomic)) return;
  find(race, now.instruction, [&] {
    const std::string other = before.block == c.block ? who(before) : text("a thread of block ", before.block, " (in the order of blockIdx)");
    return text(present, " ", describe(address), ", which ", other, " ", past, " at ", source_line(before.instruction),
                before.block == c.block ? ", with no barrier between" : ": nothing orders two blocks");
  });
}

}  // namespace

void checker_begin_launch() {
  Checker& c = checker();
  ++c.launch;
  c.reported.clear();
  c.findings.clear();
}

void checker_begin_block(int64_t block) {
  Checker& c = checker();
  c.block = uint32_t(block);
  c.last = nullptr;
  if (!c.shared_cells) {
    c.shared = thread_locals();
    c.shared_cells = std::make_unique<Shadow>(size_t(c.shared.end - c.shared.begin));
  }
  for (auto& row : c.known) std::fill(std::begin(row), std::end(row), 0);
  for (int lane = 0; lane < 1024; ++lane) c.known[lane][lane % warp_size] = 1;
}

void checker_throw_findings() {
  const auto& all = checker().findings;
  if (all.empty()) return;
  const std::string first = all.front();
  const size_t count = all.size();
  if (count > 1) fail(first, " (and ", count - 1, " more)");
  fail(first);
}

std::vector<std::string> take_findings() { return std::exchange(checker().findings, {}); }

void checker_sync_warp(uint32_t mask, int first_lane) {
  Checker& c = checker();
  uint32_t merged[warp_size] = {};
  for (int l = 0; l < warp_size; ++l)
    if (mask >> l & 1)
      for (int m = 0; m < warp_size; ++m) merged[m] = std::max(merged[m], c.known[first_lane + l][m]);
  for (int l = 0; l < warp_size; ++l)
    if (mask >> l & 1) {
      // Each knows what all had done; what a lane does from now on has a later clock, which the others do not know yet.
      for (int m = 0; m < warp_size; ++m) c.known[first_lane + l][m] = (mask >> m & 1) && m != l ? merged[m] + 1 : merged[m];
      c.known[first_lane + l][l] = merged[l] + 1;
    }
}

void checker_access(const void* address, size_t bytes, AccessKind kind, const void* instruction) {
  Checker& c = checker();
  const auto* at = static_cast<const std::byte*>(address);
  Block& block = current_block();
  Cell* cells = nullptr;
  Allocation* allocation = nullptr;
  if (c.last && c.last->data <= at && at < c.last->data + c.last->bytes) {
    allocation = c.last;
  } else if (block.on_stack(at)) {
    return;
  } else if (c.shared.begin <= at && at < c.shared.end) {
    const auto* own = reinterpret_cast<const std::byte*>(&variables);
    if (own <= at && at < own + sizeof variables) return;
    const std::byte* dynamic = dynamic_shared_memory();
    if (dynamic <= at && at < dynamic + max_shared_bytes && at + bytes > dynamic + dynamic_shared_bytes())
      stop_at(instruction, text(verb(kind), " ", bytes, " bytes past the end of the dynamic shared memory of ", dynamic_shared_bytes(), " bytes"));
    cells = c.shared_cells->cells + (at - c.shared.begin);
  } else if (in_heap(at)) {
    allocation = allocation_at(at);
    if (!allocation) stop_at(instruction, text(verb(kind), " ", bytes, " bytes, ", device_name(at)));
    c.last = allocation;
  } else {
    if (kind == AccessKind::read && (in_program_image(at) || is_argument(at))) return;  // constants
    stop_at(instruction, text(verb(kind), " memory of the host"));
  }
  if (allocation) {
    if (at + bytes > allocation->data + allocation->bytes)
      stop_at(instruction, text(verb(kind), " ", bytes, " bytes, ", device_name(allocation->data + allocation->bytes)));
    if (!allocation->shadow) allocation->shadow = std::make_unique<Shadow>(allocation->bytes);
    cells = allocation->shadow->cells + (at - allocation->data);
  }
  const int lane = variables.lane;
  const Access now{c.launch,   c.block, uint32_t(block.barriers()), c.known[lane][lane % warp_size], uint16_t(lane), kind == AccessKind::atomic,
                   instruction};
  for (size_t i = 0; i < bytes; ++i) {
    Cell& cell = cells[i];
    const void* byte = at + i;
    if (kind != AccessKind::write) {
      const bool known = allocation ? bool(allocation->shadow->written[size_t(at - allocation->data) + i])
                                    : cell.write.launch == c.launch && cell.write.block == c.block;
      if (!known) find(uninitialised, instruction, [&] { return text(verb(kind), " ", describe(byte), ", which nobody has written"); });
    }
    for (const Access* write : {&cell.write, &cell.other_write})
      check_race(*write, now, write->atomic ? "updated atomically" : "wrote", verb(kind), byte, c);
    if (kind == AccessKind::read) {
      if (!same_thread(cell.read, now)) cell.other_read = cell.read;
      cell.read = now;
    } else {
      check_race(cell.read, now, "read", verb(kind), byte, c);
      check_race(cell.other_read, now, "read", verb(kind), byte, c);
      if (cell.write.atomic && now.atomic && !same_thread(cell.write, now)) cell.other_write = cell.write;
      cell.write = now;
      if (allocation) allocation->shadow->written[size_t(at - allocation->data) + i] = true;
    }
  }
}

void checker_out_of_bounds(const char* file, int line, const char* array_type, int64_t index) {
  current_block().stop(text(text_of({file, line}), ": ", current_block().lane_name(variables.lane), " takes element ", index, " of ", array_type));
}

void checker_misaligned(const char* file, int line, const char* type, const void* address, size_t alignment) {
  current_block().stop(text(text_of({file, line}), ": ", current_block().lane_name(variables.lane), " takes a ", type,
                            " at an address that is not a multiple of ", alignment, ": ", describe(address)));
}

// ---- the host's part

namespace {
void each_byte(const void* data, size_t bytes, const auto& body) {
  Allocation* a = allocation_at(data);
  if (!a) return;
  if (!a->shadow) a->shadow = std::make_unique<Shadow>(a->bytes);
  const size_t first = size_t(static_cast<const std::byte*>(data) - a->data);
  for (size_t i = first; i < std::min(first + bytes, a->bytes); ++i) body(*a, i);
}
}  // namespace

void checker_note_host_write(const void* data, size_t bytes) {
  each_byte(data, bytes, [](Allocation& a, size_t i) { a.shadow->written[i] = true; });
}

void checker_note_host_read(const void* data, size_t bytes) {
  each_byte(data, bytes, [](Allocation& a, size_t i) {
    ITO_CHECK(a.shadow->written[i], "a copy from the device reads byte ", i, " of allocation ", a.number, " (", a.bytes,
              " bytes), which nobody has written: a kernel left a part of its output out");
  });
}

void checker_trust_all() {
  for_each_allocation([](Allocation& a) {
    if (!a.shadow) a.shadow = std::make_unique<Shadow>(a.bytes);
    a.shadow->written.assign(a.bytes, true);
  });
}

}  // namespace ito::simt
