// How the checker looks at one access, written to be short in the usual case: the page was found lately, and nobody else was here of late.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "kernels/simt/counters.h"
#include "kernels/simt/notes.h"
#include "kernels/simt/shadow.h"
#include "kernels/simt/symbols.h"
#include "kernels/simt/variables.h"

namespace ito::simt {

// The clocks of the lanes of all warps of a block: a lane's clock ticks when it meets others in a __syncwarp().
struct WarpClocks {
  static constexpr int warps = 1024 / warp_size;
  // Of a warp whose lanes have always all met, `count` is everyone's clock. Else it is 0, and known[l] is what lane l knows of the others' clocks,
  // and its own.
  uint32_t count[warps];
  uint32_t known[warps][warp_size][warp_size];

  void reset();
  uint32_t clock(int lane) const {
    const int w = lane / warp_size, l = lane % warp_size;
    return count[w] ? count[w] : known[w][l][l];
  }
  // What lane `other` of the same warp did at that clock happened before what `lane` does now.
  bool knows(int lane, int other, uint32_t clock) const {
    const int w = lane / warp_size;
    return (count[w] ? count[w] : known[w][lane % warp_size][other % warp_size]) > clock;
  }
  void meet(uint32_t mask, int first_lane, uint32_t whole_warp);
};

// A page that was found lately, and how much of it may be touched.
struct Slot {
  const std::byte* begin = nullptr;
  uint32_t bytes = 0;
  uint8_t grain_log = 0;
  bool shared = false, all_written = false;
  Cell* cells = nullptr;
  Page* page = nullptr;
};

struct Checker {
  // The first stamps of this launch, block, interval.
  uint64_t launch_stamp = 0, block_stamp = 0, interval_stamp = 0;
  const std::byte* program = nullptr;
  Slot slots[256];
  uint64_t launch = 0, interval = 0;
  bool counting = false;  // counters.h
  WarpClocks clocks;
  std::vector<std::pair<uint64_t, int64_t>> blocks;  // (first interval, block) of this launch
  ThreadLocals shared;                               // where this thread's shared arrays are
  std::unique_ptr<Shadow> shared_shadow;
  CellPool pool;

  void begin_interval() { interval_stamp = Access::stamp_of(++interval, 0, false); }
};

// Checked blocks run one after the other on the thread that launches.
extern thread_local constinit Checker* current_checker;

// The access that is looked at.
struct Now {
  Access access;
  const void* instruction;
  AccessKind kind;
  bool shared;
  uint64_t quiet;  // what is older cannot be part of a race: other launches; for shared memory, other intervals
};

// What is not usual, in checker.cpp.
bool find_page(Checker& c, Slot& slot, const std::byte* at, size_t bytes, const Now& now);
void split_page(Checker& c, Slot& slot, size_t grain);
void report_if_race(const Checker& c, const Access& before, const Now& now, const char* past, const std::byte* at);
void report_unwritten(const Slot& slot, const std::byte* at, size_t bytes, const Now& now);
void remember_other(const Checker& c, const Access& last, Access& other, const Now& now);

inline void compare(const Checker& c, const Access& before, const Now& now, bool is_read, const std::byte* at) {
  if (before.stamp < now.quiet) [[likely]]
    return;
  report_if_race(c, before, now, is_read ? "read" : before.atomic() ? "updated atomically" : "wrote", at);
}

inline void remember(const Checker& c, Access& last, Access& other, const Now& now) {
  if (last.stamp >= now.quiet && last.stamp != now.access.stamp) remember_other(c, last, other, now);
  last = now.access;
}

template <AccessKind kind>
inline void look_at_cell(Checker& c, Cell& cell, const std::byte* at, const Now& now) {
  compare(c, cell.write, now, false, at);
  compare(c, cell.other_write, now, false, at);
  if constexpr (kind == AccessKind::read) {
    remember(c, cell.read, cell.other_read, now);
  } else {
    compare(c, cell.read, now, true, at);
    compare(c, cell.other_read, now, true, at);
    if constexpr (kind == AccessKind::atomic)
      remember(c, cell.write, cell.other_write, now);
    else
      cell.write = now.access;
  }
}

template <AccessKind kind>
inline void look_at(const void* address, size_t bytes, const void* instruction) {
  Checker& c = *current_checker;
  const auto* at = static_cast<const std::byte*>(address);
  const int lane = variables.lane;
  Now now{{c.interval_stamp | uint64_t(lane) << 1 | (kind == AccessKind::atomic), c.clocks.clock(lane),
           uint32_t(static_cast<const std::byte*>(instruction) - c.program)},
          instruction,
          kind,
          false,
          c.launch_stamp};
  Slot& slot = c.slots[reinterpret_cast<uintptr_t>(at) / Page::bytes % std::size(c.slots)];
  size_t offset = size_t(at - slot.begin);
  if (offset >= slot.bytes || offset + bytes > slot.bytes) [[unlikely]] {
    if (!find_page(c, slot, at, bytes, now)) return;
    offset = size_t(at - slot.begin);
  }
  if ((offset | bytes) & ((size_t{1} << slot.grain_log) - 1)) [[unlikely]]
    split_page(c, slot, offset | bytes);
  if (slot.shared) {
    now.shared = true;
    now.quiet = c.interval_stamp;
  } else if (!slot.all_written) {
    if (kind != AccessKind::write && !slot.page->all_written(offset, bytes)) report_unwritten(slot, at, bytes, now);
    if (kind != AccessKind::read) slot.page->mark_written(offset, bytes);
  }
  if (c.counting) [[unlikely]]
    count_access(at, bytes, slot.shared, lane, now.access.instruction);
  const size_t grain = size_t{1} << slot.grain_log;
  Cell* cell = slot.cells + (offset >> slot.grain_log);
  for (const std::byte* end = at + bytes; at < end; at += grain, ++cell) {
    if (kind != AccessKind::write && slot.shared && cell->write.stamp < c.block_stamp) report_unwritten(slot, at, grain, now);
    look_at_cell<kind>(c, *cell, at, now);
  }
}

}  // namespace ito::simt
