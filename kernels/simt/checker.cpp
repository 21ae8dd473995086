#include "kernels/simt/checker.h"

#include <algorithm>
#include <iterator>

#include "kernels/simt/block.h"
#include "kernels/simt/findings.h"
#include "kernels/simt/heap.h"
#include "kernels/simt/launch.h"
#include "kernels/simt/look.h"
#include "tensor/error.h"

namespace ito::simt {

thread_local constinit Checker* current_checker = nullptr;

namespace {

Checker& checker() {
  static thread_local std::unique_ptr<Checker> own;
  if (!own) {
    own = std::make_unique<Checker>();
    own->shared = thread_locals();
    own->shared_shadow = std::make_unique<Shadow>(own->shared.begin, size_t(own->shared.end - own->shared.begin));
    own->program = static_cast<const std::byte*>(program_start());
    current_checker = own.get();
  }
  return *own;
}

// While the emulator's own code works for a kernel, accesses are not the kernel's.
struct Untraced {
  bool before = std::exchange(variables.traced, false);
  ~Untraced() { variables.traced = before; }
};

int64_t block_of(const Checker& c, const Access& a) {
  const auto after = std::upper_bound(c.blocks.begin(), c.blocks.end(), std::pair{a.interval(), INT64_MAX});
  return std::prev(after)->second;
}

bool is_ordered(const Checker& c, const Access& before, const Now& now) {
  if (before.stamp < c.block_stamp) return false;  // another block
  if (before.stamp < c.interval_stamp) return true;
  const int lane = now.access.lane(), other = before.lane();
  return lane == other || (lane / warp_size == other / warp_size && c.clocks.knows(lane, other, before.clock));
}

// How much an earlier access tells beside this one: nothing if this one follows it, most if it comes from another block.
int difference(const Checker& c, const Access& before, const Now& now) {
  if (before.stamp < now.quiet) return 0;
  if (before.stamp < c.block_stamp) return 3;
  if (before.stamp < c.interval_stamp || before.lane() == now.access.lane()) return 0;
  return before.lane() / warp_size != now.access.lane() / warp_size ? 2 : 1;
}

// The memory around an address that a kernel may touch: shared memory, or an allocation. Stops the block when it may not, or not all `bytes`.
struct Region {
  const std::byte *begin, *end;
  Shadow* shadow;  // null: constants, which are not looked at
  bool shared;
};

Region region_of(Checker& c, const std::byte* at, size_t bytes, AccessKind kind, const void* instruction) {
  if (c.shared.begin <= at && at < c.shared.end) {
    const std::byte *dynamic = dynamic_shared_memory(), *end = c.shared.end;
    if (dynamic <= at && at < dynamic + max_shared_bytes) end = dynamic + dynamic_shared_bytes();
    if (at + bytes > end)
      stop_at(instruction, text(verb(kind), " ", bytes, " bytes past the end of the dynamic shared memory of ", dynamic_shared_bytes(), " bytes"));
    return {c.shared.begin, end, c.shared_shadow.get(), true};
  }
  if (in_heap(at)) {
    Allocation* a = allocation_at(at);
    const std::byte* outside = a && at + bytes > a->data + a->bytes ? a->data + a->bytes : at;
    if (!a || outside != at) stop_at(instruction, text(verb(kind), " ", bytes, " bytes, ", describe_address(outside)));
    if (!a->shadow) a->shadow = std::make_unique<Shadow>(a->data, a->bytes);
    return {a->data, a->data + a->bytes, a->shadow.get(), false};
  }
  if (kind != AccessKind::read || !in_program_image(at)) stop_at(instruction, text(verb(kind), " memory of the host"));
  return {at, at + bytes, nullptr, false};
}

}  // namespace

void report_if_race(const Checker& c, const Access& before, const Now& now, const char* past, const std::byte* at) {
  if (is_ordered(c, before, now) || (before.atomic() && now.access.atomic())) return;
  const Untraced untraced;
  if (!is_new_finding(Finding::race, now.instruction)) return;
  const bool same_block = before.stamp >= c.block_stamp;
  const std::string other =
      same_block ? current_block().lane_name(before.lane()) : text("a thread of block ", block_of(c, before), " (in the order of blockIdx)");
  add_finding(now.instruction,
              text(verb(now.kind), " ", describe_address(at), ", which ", other, " ", past, " at ", source_line(c.program + before.instruction),
                   same_block ? ", with no barrier between" : ": nothing orders two blocks"));
}

void report_unwritten(const Slot& slot, const std::byte* at, size_t bytes, const Now& now) {
  const Untraced untraced;
  if (!is_new_finding(Finding::uninitialised, now.instruction)) return;
  for (size_t i = 1; i < bytes && !slot.shared && slot.page->all_written(size_t(at - slot.begin), 1); ++i) ++at;
  add_finding(now.instruction, text(verb(now.kind), " ", describe_address(at), ", which nobody has written"));
}

void remember_other(const Checker& c, const Access& last, Access& other, const Now& now) {
  if (difference(c, last, now) >= difference(c, other, now)) other = last;
}

// Makes the slot that of the address. False when the access needs no more: it was looked at in two parts, or it is none of ours.
bool find_page(Checker& c, Slot& slot, const std::byte* at, size_t bytes, const Now& now) {
  const Untraced untraced;
  const Region region = region_of(c, at, bytes, now.kind, now.instruction);
  if (!region.shadow) return false;
  const size_t offset = size_t(at - region.shadow->begin) % Page::bytes, part = std::min(bytes, Page::bytes - offset);
  if (part < bytes) {
    checker_access(at, part, now.kind, now.instruction);
    checker_access(at + part, bytes - part, now.kind, now.instruction);
    return false;
  }
  Page& page = region.shadow->page_of(at);
  const std::byte* begin = at - offset;
  if (page.launch != c.launch) c.pool.open(page, c.launch, offset | bytes);
  slot.begin = begin;
  slot.bytes = uint32_t(std::min(Page::bytes, size_t(region.end - begin)));
  slot.grain_log = uint8_t(page.grain_log);
  slot.shared = region.shared;
  slot.all_written = page.all_written(0, slot.bytes);
  slot.cells = page.cells;
  slot.page = &page;
  return true;
}

void split_page(Checker& c, Slot& slot, size_t grain) {
  const Untraced untraced;
  c.pool.split(*slot.page, grain);
  slot.grain_log = uint8_t(slot.page->grain_log);
  slot.cells = slot.page->cells;
}

void checker_begin_launch() {
  Checker& c = checker();
  ++c.launch;
  c.begin_interval();
  c.launch_stamp = c.interval_stamp;
  c.blocks.clear();
  c.pool.reset();
  std::fill(std::begin(c.slots), std::end(c.slots), Slot{});
  begin_findings();
  c.counting = counting_kernels();
  if (c.counting) count_launch(running_kernel(), running_launch()->block.count());
}

void checker_begin_block(int64_t block) {
  Checker& c = *current_checker;
  c.begin_interval();
  c.block_stamp = c.interval_stamp;
  c.blocks.emplace_back(c.interval, block);
  c.clocks.reset();
}

void checker_end_block() {
  if (current_checker->counting) count_block();
}

void checker_barrier() {
  current_checker->begin_interval();
  if (current_checker->counting) count_barrier();
}

void checker_warp_operation(uint32_t mask, int first_lane) {
  if (current_checker->counting) count_warp_operation(mask, first_lane);
}

void WarpClocks::reset() { std::fill(std::begin(count), std::end(count), 1); }

void WarpClocks::meet(uint32_t mask, int first_lane, uint32_t whole_warp) {
  uint32_t& all = count[first_lane / warp_size];
  auto& lanes = known[first_lane / warp_size];
  if (all && mask == whole_warp) {
    ++all;
    return;
  }
  if (all)
    for (auto& row : lanes) std::fill(std::begin(row), std::end(row), all);
  all = 0;
  uint32_t merged[warp_size] = {};
  for (int l = 0; l < warp_size; ++l)
    if (mask >> l & 1)
      for (int m = 0; m < warp_size; ++m) merged[m] = std::max(merged[m], lanes[l][m]);
  for (int l = 0; l < warp_size; ++l)
    if (mask >> l & 1)
      // Each knows what all had done; what a lane does from now on has a later clock, which the others do not know yet.
      for (int m = 0; m < warp_size; ++m) lanes[l][m] = merged[m] + (mask >> m & 1);
}

void checker_sync_warp(uint32_t mask, int first_lane) {
  const int lanes = std::min(warp_size, int(variables.block_size.count()) - first_lane);
  current_checker->clocks.meet(mask, first_lane, lanes == warp_size ? ~0U : (1U << lanes) - 1);
}

void checker_access(const void* address, size_t bytes, AccessKind kind, const void* instruction) {
  if (kind == AccessKind::read) look_at<AccessKind::read>(address, bytes, instruction);
  if (kind == AccessKind::write) look_at<AccessKind::write>(address, bytes, instruction);
  if (kind == AccessKind::atomic) look_at<AccessKind::atomic>(address, bytes, instruction);
}

void checker_out_of_bounds(const char* file, int line, const char* array_type, int64_t index) {
  stop_at(file, line, text("takes element ", index, " of ", array_type));
}

void checker_misaligned(const char* file, int line, const char* type, const void* address, size_t alignment) {
  stop_at(file, line, text("takes a ", type, " at an address that is not a multiple of ", alignment, ": ", describe_address(address)));
}

// ---- the host's part

namespace {
Shadow* shadow_of(Allocation* a) {
  if (a && !a->shadow) a->shadow = std::make_unique<Shadow>(a->data, a->bytes);
  return a ? a->shadow.get() : nullptr;
}
}  // namespace

void checker_note_host_write(const void* data, size_t bytes) {
  if (Shadow* shadow = shadow_of(allocation_at(data)))
    shadow->each_part(static_cast<const std::byte*>(data), bytes, [](Page& page, size_t offset, size_t count) { page.mark_written(offset, count); });
}

void checker_note_host_read(const void* data, size_t bytes) {
  const Allocation* a = allocation_at(data);
  Shadow* shadow = shadow_of(allocation_at(data));
  if (!shadow) return;
  size_t at = size_t(static_cast<const std::byte*>(data) - a->data);
  shadow->each_part(static_cast<const std::byte*>(data), bytes, [&](const Page& page, size_t offset, size_t count) {
    for (size_t i = 0; i < count && !page.all_written(offset, count); ++i)
      ITO_CHECK(page.all_written(offset + i, 1), "a copy from the device reads byte ", at + i, " of allocation ", a->number, " (", a->bytes,
                " bytes), which nobody has written: a kernel left a part of its output out");
    at += count;
  });
}

void checker_trust_all() {
  for_each_allocation([](Allocation& a) {
    shadow_of(&a)->each_part(a.data, a.bytes, [](Page& page, size_t offset, size_t count) { page.mark_written(offset, count); });
  });
}

}  // namespace ito::simt
