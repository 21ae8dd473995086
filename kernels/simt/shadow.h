// What the checker remembers of memory: who wrote and who read each piece of it last, and which bytes have been written at all.
//
// Memory is cut in pages of 256 bytes. Within a launch a page is looked at in grains of 16, 8, 4, 2 or 1 bytes, the largest that all accesses so
// far were whole multiples of; a smaller access splits the page's grains, each part with the whole's past. Nothing is forgotten by that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace ito::simt {

// One access. Intervals are the times between two barriers of a block; they are numbered through, over all blocks and launches.
struct Access {
  uint64_t stamp = 0;        // (interval, lane: 10 bits, atomic: 1 bit); 0: never
  uint32_t clock = 0;        // how often the lane had met others of its warp
  uint32_t instruction = 0;  // its distance from the start of the program

  static constexpr int interval_shift = 11;
  static constexpr uint64_t stamp_of(uint64_t interval, int lane, bool atomic) { return interval << interval_shift | uint64_t(lane) << 1 | atomic; }
  uint64_t interval() const { return stamp >> interval_shift; }
  int lane() const { return int(stamp >> 1 & 1023); }
  bool atomic() const { return stamp & 1; }
};

// The last write, the last reads, and of atomic writes and of reads another one: that of another block, else of another warp, else of another lane.
struct alignas(64) Cell {
  Access write, other_write, read, other_read;
};

// Bytes of a page as bits; calls body(word, bits) for each word that the range has a part in.
template <class Body>
inline void each_word(size_t offset, size_t bytes, Body&& body) {
  while (bytes > 0) {
    const size_t first = offset % 64, count = bytes < 64 - first ? bytes : 64 - first;
    body(offset / 64, (count == 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1) << first);
    offset += count;
    bytes -= count;
  }
}

struct Page {
  static constexpr size_t bytes = 256;

  Cell* cells = nullptr;   // one for each grain; of this launch
  uint64_t launch = 0;     // in which the cells were taken
  uint64_t written[4]{};   // one bit a byte
  unsigned grain_log = 0;  // grains of 1 << grain_log bytes

  bool all_written(size_t offset, size_t count) const {
    bool all = true;
    each_word(offset, count, [&](size_t word, uint64_t bits) { all &= (written[word] & bits) == bits; });
    return all;
  }
  void mark_written(size_t offset, size_t count) {
    each_word(offset, count, [&](size_t word, uint64_t bits) { written[word] |= bits; });
  }
};

// The pages of an allocation, or of shared memory.
struct Shadow {
  const std::byte* begin;  // a multiple of Page::bytes
  std::vector<Page> pages;
  Shadow(const std::byte* data, size_t bytes);
  Page& page_of(const std::byte* at) { return pages[size_t(at - begin) / Page::bytes]; }
  // Calls body(page, offset in it, count) for the parts of a range of bytes.
  template <class Body>
  void each_part(const std::byte* at, size_t count, Body&& body) {
    while (count > 0) {
      const size_t offset = size_t(at - begin) % Page::bytes, part = count < Page::bytes - offset ? count : Page::bytes - offset;
      body(page_of(at), offset, part);
      at += part;
      count -= part;
    }
  }
};

// Cells for the pages that a launch touches. What lies in them from earlier launches has earlier stamps and is therefore ignored.
class CellPool {
 public:
  void reset();
  // For a page that is touched for the first time in a launch; `grain` is an address or-ed with a size.
  void open(Page& page, uint64_t launch, size_t grain);
  // Smaller grains.
  void split(Page& page, size_t grain);

 private:
  Cell* take(size_t count);
  static constexpr size_t chunk_cells = size_t{1} << 14, kept_chunks = 64;
  std::vector<std::unique_ptr<Cell[]>> chunks_;
  size_t chunk_ = 0, used_ = 0;
};

}  // namespace ito::simt
